import type { FloatArray } from "@convbert/model";

/** Numbers in order: typed arrays and plain ones. */
export type Values = ArrayLike<number>;

export type { FloatArray };

/** The last axis at the given indices of the others, in order; a view where the memory allows. */
export function rowAt(array: FloatArray, ...indices: readonly number[]): Float32Array {
  const axis = array.shape.length - 1;
  const length = array.shape[axis]!;
  const stride = array.stride[axis]!;
  const start = indices.reduce((offset, index, i) => offset + index * array.stride[i]!, array.offset);
  if (stride === 1) return array.data.subarray(start, start + length);
  return Float32Array.from({ length }, (_, i) => array.data[start + i * stride]!);
}

/** All values in order; a view. */
export function valuesOf(array: FloatArray): Float32Array {
  return rowAt(array);
}

/** `exp(x) / Σ exp(x)`, without overflow. */
export function softmax(values: Values): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  const result = new Float64Array(values.length);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    result[i] = Math.exp(values[i]! - largest);
    sum += result[i]!;
  }
  for (let i = 0; i < result.length; i++) result[i]! /= sum;
  return result;
}

/** `1 / (1 + exp(-x))` of each value. */
export function sigmoid(values: Values): Float64Array {
  return Float64Array.from(values, (value) => 1 / (1 + Math.exp(-value)));
}

/** Index of the largest value, the first of equals; 0 for none. */
export function argmax(values: Values): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Indices of the `count` largest values, largest first, equals in their order. */
export function largest(values: Values, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (best.length === count && !(values[i]! > values[best[count - 1]!]!)) continue;
    let at = best.length;
    while (at > 0 && values[i]! > values[best[at - 1]!]!) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}

/** The arithmetic mean; NaN for none. */
export function mean(values: Values): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
