import { MIX_FIRST, MIX_SECOND } from "../constants";
import { all } from "./vector";

// @ts-ignore: decorator
@inline
function mix(bits: v128): v128 {
  let x = i32x4.mul(v128.xor(bits, i32x4.shr_u(bits, 16)), i32x4.splat(MIX_FIRST));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(MIX_SECOND));
  return v128.xor(x, i32x4.shr_u(x, 15));
}

/** All bits of the lanes that are kept of four elements from number `index` on (src/dropout.ts). */
// @ts-ignore: decorator
@inline
function keepLanes(index: usize, seed0: i32, seed1: i32, threshold: i32): v128 {
  const numbers = i32x4.add(i32x4.splat(<i32>index + seed0), i32x4(0, 1, 2, 3));
  const bits = mix(v128.xor(mix(numbers), i32x4.splat(seed1)));
  return i32x4.ge_u(bits, i32x4.splat(threshold));
}

/** `output = (add ? output : 0) + dropped(input)`; may write over its input. */
export function dropout(
  input: usize,
  inputStride: usize,
  output: usize,
  outputStride: usize,
  columns: usize,
  seed0: i32,
  seed1: i32,
  threshold: i32,
  scale: f32,
  add: i32,
  begin: usize,
  end: usize,
): void {
  const factor = all(scale);
  const whole = columns & ~3;
  for (let row = begin; row < end; row++) {
    const from = input + row * inputStride;
    const to = output + row * outputStride;
    const first = row * columns;
    let column: usize = 0;
    for (; column < whole; column += 4) {
      const at = column << 2;
      let value = v128.and(f32x4.mul(v128.load(from + at), factor), keepLanes(first + column, seed0, seed1, threshold));
      if (add) value = f32x4.add(value, v128.load(to + at));
      v128.store(to + at, value);
    }
    for (; column < columns; column++) {
      const at = column << 2;
      let value = v128.and(f32x4.mul(v128.load32_zero(from + at), factor), keepLanes(first + column, seed0, seed1, threshold));
      if (add) value = f32x4.add(value, v128.load32_zero(to + at));
      v128.store32_lane(to + at, value, 0);
    }
  }
}

/** What kept elements are multiplied by; `dropout` is the address of seed, threshold and scale (four words), or 0. */
// @ts-ignore: decorator
@inline
export function keepScale(factor: f32, dropout: usize): v128 {
  return all(dropout ? factor * load<f32>(dropout, 12) : factor);
}

/** All bits of the lanes that are kept of the row of elements from number `first` on, at byte `at`. */
// @ts-ignore: decorator
@inline
export function keepMask(dropout: usize, first: usize, at: usize): v128 {
  if (!dropout) return i32x4.splat(-1);
  return keepLanes(first + (at >> 2), load<i32>(dropout), load<i32>(dropout, 4), load<i32>(dropout, 8));
}

/** Multiplies a row of probabilities by dropout; `first` is the number of its first element. */
export function dropRow(row: usize, length: usize, dropout: usize, first: usize): void {
  const whole = (length & ~3) << 2;
  const bytes = length << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    v128.store(row + at, v128.and(f32x4.mul(v128.load(row + at), keepScale(1.0, dropout)), keepMask(dropout, first, at)));
  }
  for (; at < bytes; at += 4) {
    const value = f32x4.mul(v128.load32_zero(row + at), keepScale(1.0, dropout));
    v128.store32_lane(row + at, v128.and(value, keepMask(dropout, first, at)), 0);
  }
}
