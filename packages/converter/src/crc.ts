/** A checksum of 32 bits over `bytes`, continued from the one before. */
export type Crc = (bytes: Uint8Array, crc?: number) => number;

/**
 * A cyclic redundancy check of 32 bits, bits reversed, eight bytes at a time (slicing-by-8).
 * @param polynomial reversed: 0xedb88320 for the CRC-32 of IEEE 802.3.
 */
export function crcOf(polynomial: number): Crc {
  let tables: ReturnType<typeof makeTables> | undefined;
  return (bytes, crc = 0) => {
    tables ??= makeTables(polynomial);
    const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
    let value = ~crc;
    let i = 0;
    for (; i + 8 <= bytes.length; i += 8) {
      value ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      value =
        t7[value & 255]! ^
        t6[(value >>> 8) & 255]! ^
        t5[(value >>> 16) & 255]! ^
        t4[value >>> 24]! ^
        t3[bytes[i + 4]!]! ^
        t2[bytes[i + 5]!]! ^
        t1[bytes[i + 6]!]! ^
        t0[bytes[i + 7]!]!;
    }
    for (; i < bytes.length; i++) value = t0[(value ^ bytes[i]!) & 255]! ^ (value >>> 8);
    return ~value >>> 0;
  };
}

/** Made on first use. */
function makeTables(polynomial: number) {
  const made = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    made[0]![i] = value;
  }
  for (let i = 0; i < 256; i++) {
    let value = made[0]![i]!;
    for (let slice = 1; slice < 8; slice++) {
      value = made[0]![value & 255]! ^ (value >>> 8);
      made[slice]![i] = value;
    }
  }
  type Table = Uint32Array;
  return made as unknown as readonly [Table, Table, Table, Table, Table, Table, Table, Table];
}
