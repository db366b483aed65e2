/** Bytes of a table's end: two handles, padded, and the number that ends it. */
export const FOOTER_BYTES = 48;
/** The last eight bytes of a table, 0xdb4775248b80fb57. */
export const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);
/** After each block: how it is compressed, and a checksum. */
export const TRAILER_BYTES = 5;
