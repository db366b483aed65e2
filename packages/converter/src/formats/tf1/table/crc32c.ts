import { crcOf } from "../../../crc.js";

/** CRC-32C (Castagnoli), continued from `crc` over `bytes`. */
export const crc32c = crcOf(0x82f63b78);

/**
 * A checksum as tables and bundles store it, so that a checksum of data with checksums in it stays a good one.
 * Source: tensorflow/core/lib/hash/crc32c.h
 */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
