import { all } from "./vector";

/**
 * Rows to 8-bit integers with a scale each: `q = round(x / scale) + offset`, `scale = max|x| / limit`. `groupBytes` is 4
 * in every layout: four bytes, or two 16-bit integers where `wide`; the last group is filled up with zeros. Strides are
 * in bytes, `begin` and `end` count rows.
 */
export function quantizeRows(
  input: usize,
  inputStride: usize,
  output: usize,
  outputStride: usize,
  scales: usize,
  columns: usize,
  limit: f32,
  offset: i32,
  wide: i32,
  begin: usize,
  end: usize,
): void {
  const blocks = (columns & ~15) << 2;
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const shift = i32x4.splat(offset);
  const shiftRounded = i32x4.splat(offset - ROUNDER_BITS);
  for (let row = begin; row < end; row++) {
    const from = input + row * inputStride;
    let to = output + row * outputStride;
    const most = largestMagnitude(from, columns);
    store<f32>(scales + (row << 2), most / limit);
    const factor = all(most == 0 ? <f32>0.0 : limit / most);
    let at: usize = 0;
    // Where a number is not finite the slower conversion below knows what to do.
    if (most < Infinity) {
      for (; at < blocks; at += 64) {
        const low = i16x8.narrow_i32x4_s(
          rounded(v128.load(from + at), factor, shiftRounded),
          rounded(v128.load(from + at, 16), factor, shiftRounded),
        );
        const high = i16x8.narrow_i32x4_s(
          rounded(v128.load(from + at, 32), factor, shiftRounded),
          rounded(v128.load(from + at, 48), factor, shiftRounded),
        );
        if (wide) {
          v128.store(to, low);
          v128.store(to, high, 16);
          to += 32;
        } else {
          // Values above 127 are kept as bits, so the narrowing must be the unsigned one where there is an offset.
          v128.store(to, offset ? i8x16.narrow_i16x8_u(low, high) : i8x16.narrow_i16x8_s(low, high));
          to += 16;
        }
      }
    }
    for (; at < whole; at += 16) {
      const q = quantized(v128.load(from + at), factor, shift);
      const narrow = i16x8.narrow_i32x4_s(q, q);
      if (wide) {
        v128.store64_lane(to, narrow, 0);
        to += 8;
      } else {
        const packed = offset ? i8x16.narrow_i16x8_u(narrow, narrow) : i8x16.narrow_i16x8_s(narrow, narrow);
        v128.store32_lane(to, packed, 0);
        to += 4;
      }
    }
    if (at < bytes) {
      store<u32>(to, 0);
      // Two groups of pairs only where there are numbers for both: behind the row begins another thread's.
      if (wide && bytes - at > 8) store<u32>(to, 0, 4);
      for (; at < bytes; at += 4) {
        const q = i32x4.extract_lane(quantized(v128.load32_zero(from + at), factor, shift), 0);
        if (wide) {
          store<i16>(to, <i16>q);
          to += 2;
        } else {
          store<u8>(to, <u8>q);
          to += 1;
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function quantized(x: v128, factor: v128, shift: v128): v128 {
  return i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, factor))), shift);
}

/** 1.5 * 2^23: added to a smaller number it leaves the nearest integer, ties to even, in the low bits of the sum. */
const ROUNDER: f32 = 12582912.0;
const ROUNDER_BITS: i32 = 0x4b400000;

/** As {@link quantized} for finite numbers, with the bits of {@link ROUNDER} taken off by the shift. */
// @ts-ignore: decorator
@inline
function rounded(x: v128, factor: v128, shift: v128): v128 {
  return i32x4.add(f32x4.add(f32x4.mul(x, factor), all(ROUNDER)), shift);
}

/**
 * Largest magnitude of a row; NaN when there is one. Without their sign numbers have the order of their bits, NaN last,
 * and integers compare faster.
 */
// @ts-ignore: decorator
@inline
function largestMagnitude(from: usize, columns: usize): f32 {
  const magnitude = i32x4.splat(0x7fffffff);
  const whole = (columns & ~3) << 2;
  const pairs = (columns & ~7) << 2;
  let top = i32x4.splat(0);
  let other = i32x4.splat(0);
  let at: usize = 0;
  for (; at < pairs; at += 32) {
    top = i32x4.max_s(top, v128.and(v128.load(from + at), magnitude));
    other = i32x4.max_s(other, v128.and(v128.load(from + at, 16), magnitude));
  }
  top = i32x4.max_s(top, other);
  for (; at < whole; at += 16) top = i32x4.max_s(top, v128.and(v128.load(from + at), magnitude));
  let most = max(
    max(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)),
    max(i32x4.extract_lane(top, 2), i32x4.extract_lane(top, 3)),
  );
  for (at = whole; at < columns << 2; at += 4) most = max(most, load<i32>(from + at) & 0x7fffffff);
  return reinterpret<f32>(most);
}
