import { INT8_LIMIT, SEVEN_BIT_LIMIT } from "../../quantize.js";
import { PROBE } from "../generated/kernels.js";

/** How the activations of int8 products are written, and what multiplies them. */
export interface Int8Format {
  /** u8: unsigned bytes; s8: signed ones; i7: bytes from 0 to 127; i16: 16-bit integers. */
  readonly name: "u8" | "s8" | "i7" | "i16";
  /** Which tiles (emitter/int8.ts). */
  readonly tiles: "groups" | "pairs" | "shorts";
  /** Largest quantised magnitude of an activation. */
  readonly limit: number;
  /** Added to activations, and corrected by the weights' column sums. */
  readonly offset: number;
  /** Bytes of a group's weights a column: 4, or 2 where activations have 16 bits. */
  readonly group: 4 | 2;
}

/**
 * All formats with 8 bits give the same sums. `relaxed_dot` leaves the eighth bit of its right side to the CPU: an
 * unsigned value (x86 with VNNI), a sign (Arm, x86 with AVX-VNNI-INT8), or lost in a saturating sum (other x86).
 */
export const INT8_FORMATS: Readonly<Record<Int8Format["name"], Int8Format>> = {
  u8: { name: "u8", tiles: "groups", limit: INT8_LIMIT, offset: 128, group: 4 },
  s8: { name: "s8", tiles: "groups", limit: INT8_LIMIT, offset: 0, group: 4 },
  i7: { name: "i7", tiles: "pairs", limit: SEVEN_BIT_LIMIT, offset: 64, group: 4 },
  i16: { name: "i16", tiles: "shorts", limit: INT8_LIMIT, offset: 0, group: 2 },
};

/**
 * The fastest format of this engine and CPU, with a given number of bits if one is given. Seven bits come out the same
 * everywhere, and eight bits do; without relaxed SIMD both take 16-bit integers.
 */
export function chooseInt8Format(hasRelaxed: boolean, bits?: 7 | 8): Int8Format {
  const { u8, s8, i7, i16 } = INT8_FORMATS;
  if (!hasRelaxed) {
    return bits === 7 ? { ...i16, limit: SEVEN_BIT_LIMIT } : i16;
  }
  const exact = { unsigned: u8, signed: s8, lost: null }[eighthBit(probe())];
  return bits === 7 ? i7 : (exact ?? (bits === 8 ? i16 : i7));
}

/** What a dot product of four times 127 by four bytes with all bits set tells about the eighth bit. */
export function eighthBit(sum: number): "unsigned" | "signed" | "lost" {
  if (sum === 4 * INT8_LIMIT * 255) {
    return "unsigned";
  }
  return sum === -4 * INT8_LIMIT ? "signed" : "lost";
}

/** The dot product of {@link eighthBit} on this CPU. */
function probe(): number {
  const bytes = Uint8Array.from(atob(PROBE), (character) => character.charCodeAt(0));
  const { dot } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return (dot as () => number)();
}
