import { crcOf } from "../crc.js";

/** CRC-32 of zip archives (IEEE 802.3), continued from `crc` over `bytes`. */
export const crc32 = crcOf(0xedb88320);
