import { CHUNK_ELEMENTS } from "./elements.js";
import type { ReadOptions } from "./types.js";

/** Whether the elements lie one after another in row-major order. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (strides[axis] !== expected) return shape.includes(0);
    expected *= shape[axis]!;
  }
  return true;
}

/**
 * The elements of a strided view in row-major order, in pieces of at most {@link CHUNK_ELEMENTS}.
 * @param source the bytes from the first element of the view to the last.
 * @param size bytes an element.
 */
export function* gather(
  source: Uint8Array,
  shape: readonly number[],
  strides: readonly number[],
  size: number,
  options?: ReadOptions,
): Generator<Uint8Array> {
  const total = shape.reduce((product, axis) => product * axis, 1);
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  const piece = new Uint8Array(Math.min(CHUNK_ELEMENTS, total) * size);
  let position = 0;
  let filled = 0;
  for (let done = 0; done < total; done++) {
    const from = position * size;
    for (let byte = 0; byte < size; byte++) piece[filled + byte] = source[from + byte]!;
    filled += size;
    if (filled === piece.length) {
      options?.signal?.throwIfAborted();
      yield piece;
      filled = 0;
    }
    for (let axis = rank - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Reverses the bytes of every number in place; a complex value is two numbers. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size) {
    for (let low = start, high = start + size - 1; low < high; low++, high--) {
      const held = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = held;
    }
  }
}
