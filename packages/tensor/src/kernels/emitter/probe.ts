import { name, section, unsigned, vector } from "./encode.ts";

/** Bytes of the probe's right side: the eighth bit is set. */
export const PROBE_RIGHT = 0xff;
/** Bytes of its left side: two products with 255 exceed 16 bits. */
export const PROBE_LEFT = 127;

/**
 * A module without a memory that exports `dot()`: a group of four bytes of {@link PROBE_LEFT} by four of
 * {@link PROBE_RIGHT} with `i32x4.relaxed_dot_i8x16_i7x16_add_s`, which says what the CPU does with an eighth bit.
 */
export function emitProbe(): Uint8Array<ArrayBuffer> {
  const constant = (byte: number): number[] => [0xfd, 0x0c, ...new Array<number>(16).fill(byte)];
  const dot = [0xfd, ...unsigned(0x113)];
  const firstLane = [0xfd, 0x1b, 0];
  const body = [0, ...constant(PROBE_LEFT), ...constant(PROBE_RIGHT), ...constant(0), ...dot, ...firstLane, 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, 0, 1, 0x7f]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name("dot"), 0x00, 0]])),
    ...section(10, vector([[...unsigned(body.length), ...body]])),
  ]);
}
