import { ADD, SUBTRACT } from "../constants";
import { all, exp, largest, madd, sum } from "./vector";

// Kernels over rows; strides are in bytes, `begin` and `end` count rows.

/** Adds, subtracts or multiplies; a right stride of 0 repeats one row. */
export function binary(
  kind: i32,
  left: usize,
  leftStride: usize,
  right: usize,
  rightStride: usize,
  output: usize,
  outputStride: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const a = left + row * leftStride;
    const b = right + row * rightStride;
    const to = output + row * outputStride;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      v128.store(to + at, combine(kind, v128.load(a + at), v128.load(b + at)));
    }
    for (; at < bytes; at += 4) {
      v128.store32_lane(to + at, combine(kind, v128.load32_zero(a + at), v128.load32_zero(b + at)), 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function combine(kind: i32, a: v128, b: v128): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == SUBTRACT) return f32x4.sub(a, b);
  return f32x4.mul(a, b);
}

/** `residual` 0 means none. Sums go through the output, so that it may be an input. */
export function layerNorm(
  input: usize,
  inputStride: usize,
  residual: usize,
  residualStride: usize,
  weight: usize,
  bias: usize,
  epsilon: f32,
  output: usize,
  outputStride: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const to = output + row * outputStride;
    const mean = addedMean(input + row * inputStride, residual ? residual + row * residualStride : 0, to, columns);
    const scale = deviationScale(to, columns, mean, epsilon);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const d = f32x4.mul(f32x4.sub(v128.load(to + at), mean), scale);
      v128.store(to + at, madd(d, v128.load(weight + at), v128.load(bias + at)));
    }
    for (; at < bytes; at += 4) {
      const d = f32x4.mul(f32x4.sub(v128.load32_zero(to + at), mean), scale);
      v128.store32_lane(to + at, madd(d, v128.load32_zero(weight + at), v128.load32_zero(bias + at)), 0);
    }
  }
}

/** Stores a row's `x + r` in `to`, `r` 0 meaning none, and returns their mean in all lanes. */
// @ts-ignore: decorator
@inline
export function addedMean(x: usize, r: usize, to: usize, columns: usize): v128 {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  let total = all(0.0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    let s = v128.load(x + at);
    if (r) s = f32x4.add(s, v128.load(r + at));
    v128.store(to + at, s);
    total = f32x4.add(total, s);
  }
  for (; at < bytes; at += 4) {
    let s = v128.load32_zero(x + at);
    if (r) s = f32x4.add(s, v128.load32_zero(r + at));
    v128.store32_lane(to + at, s, 0);
    total = f32x4.add(total, s);
  }
  return all(sum(total) / <f32>columns);
}

/** `1 / sqrt(variance + epsilon)` of a row in all lanes. */
// @ts-ignore: decorator
@inline
export function deviationScale(row: usize, columns: usize, mean: v128, epsilon: f32): v128 {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  let total = all(0.0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const d = f32x4.sub(v128.load(row + at), mean);
    total = madd(d, d, total);
  }
  let squares = sum(total);
  for (; at < bytes; at += 4) {
    const d = load<f32>(row + at) - f32x4.extract_lane(mean, 0);
    squares += d * d;
  }
  return all(<f32>1.0 / sqrt<f32>(squares / <f32>columns + epsilon));
}

/** Largest of `columns` adjacent elements. */
// @ts-ignore: decorator
@inline
export function largestOf(from: usize, columns: usize): f32 {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  let top = all(-Infinity);
  let at: usize = 0;
  if (columns >= 16) {
    // Four at a time, for a maximum waits for the one before. A NaN may get lost here: its exponential is one as well.
    let top1 = top;
    let top2 = top;
    let top3 = top;
    for (; at + 64 <= whole; at += 64) {
      top = f32x4.pmax(top, v128.load(from + at));
      top1 = f32x4.pmax(top1, v128.load(from + at, 16));
      top2 = f32x4.pmax(top2, v128.load(from + at, 32));
      top3 = f32x4.pmax(top3, v128.load(from + at, 48));
    }
    top = f32x4.pmax(f32x4.pmax(top, top1), f32x4.pmax(top2, top3));
  }
  for (; at < whole; at += 16) top = f32x4.pmax(top, v128.load(from + at));
  let result = largest(top);
  for (; at < bytes; at += 4) result = max(result, load<f32>(from + at));
  return result;
}

/** Stores `e^(x - top)` of `columns` adjacent elements, returns their sum. */
// @ts-ignore: decorator
@inline
export function exponentials(from: usize, to: usize, columns: usize, top: f32): f32 {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const shift = all(top);
  let total = all(0.0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const e = exp(f32x4.sub(v128.load(from + at), shift));
    v128.store(to + at, e);
    total = f32x4.add(total, e);
  }
  let result = sum(total);
  for (; at < bytes; at += 4) {
    const e = exp(f32x4.sub(v128.load32_zero(from + at), shift));
    v128.store32_lane(to + at, e, 0);
    result += f32x4.extract_lane(e, 0);
  }
  return result;
}

// @ts-ignore: decorator
@inline
export function scaleBy(at: usize, columns: usize, factor: f32): void {
  const whole = at + ((columns & ~3) << 2);
  const last = at + (columns << 2);
  for (; at < whole; at += 16) v128.store(at, f32x4.mul(v128.load(at), all(factor)));
  for (; at < last; at += 4) store<f32>(at, load<f32>(at) * factor);
}

/** Softmax of groups of `size` adjacent elements. */
export function softmax(
  input: usize,
  inputStride: usize,
  output: usize,
  outputStride: usize,
  columns: usize,
  size: usize,
  begin: usize,
  end: usize,
): void {
  const bytes = columns << 2;
  const step = size << 2;
  for (let row = begin; row < end; row++) {
    const from = input + row * inputStride;
    const to = output + row * outputStride;
    for (let at: usize = 0; at < bytes; at += step) {
      const total = exponentials(from + at, to + at, size, largestOf(from + at, size));
      scaleBy(to + at, size, <f32>1.0 / total);
    }
  }
}

/** Largest element and sum of `e^(x - largest)` of each row, as pairs; the logarithm is the caller's. */
export function sumExponentials(
  input: usize,
  inputStride: usize,
  pairs: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const from = input + row * inputStride;
    const top = largestOf(from, columns);
    let total = all(0.0);
    let at: usize = 0;
    for (; at < whole; at += 16) total = f32x4.add(total, exp(f32x4.sub(v128.load(from + at), all(top))));
    let result = sum(total);
    for (; at < bytes; at += 4) {
      result += f32x4.extract_lane(exp(f32x4.sub(v128.load32_zero(from + at), all(top))), 0);
    }
    store<f32>(pairs + (row << 3), top);
    store<f32>(pairs + (row << 3) + 4, result);
  }
}

/** Rows of a table by int32 indices. */
export function gatherRows(
  table: usize,
  tableStride: usize,
  indices: usize,
  output: usize,
  outputStride: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  for (let row = begin; row < end; row++) {
    memory.copy(output + row * outputStride, table + <usize>load<i32>(indices + (row << 2)) * tableStride, columns << 2);
  }
}

export function copyRows(
  input: usize,
  inputStride: usize,
  output: usize,
  outputStride: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  for (let row = begin; row < end; row++) {
    memory.copy(output + row * outputStride, input + row * inputStride, columns << 2);
  }
}
