import type { Layout } from "./parameters.js";

/** `[rows, columns]` stored as `[columns, rows]`. */
export function transposed(rows: number, columns: number): Layout {
  return {
    toKernel: (values) => transpose(values, rows, columns),
    toCheckpoint: (values) => transpose(values, columns, rows),
  };
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column]!;
    }
  }
  return result;
}

/** Blocks of `size` rows in another order: the kernel's block `i` is the checkpoint's block `order[i]`. */
export function rowBlocks(order: readonly number[], size: number, columns: number): Layout {
  const block = size * columns;
  return {
    toKernel: (values) => moveBlocks(values, block, order),
    toCheckpoint: (values) => moveBlocks(values, block, inverse(order)),
  };
}

/** Blocks of `size` columns in another order, in every row. */
export function columnBlocks(order: readonly number[], size: number): Layout {
  const move = (values: Float32Array, by: readonly number[]) => {
    const columns = order.length * size;
    const result = new Float32Array(values.length);
    for (let start = 0; start < values.length; start += columns) {
      result.set(moveBlocks(values.subarray(start, start + columns), size, by), start);
    }
    return result;
  };
  return { toKernel: (values) => move(values, order), toCheckpoint: (values) => move(values, inverse(order)) };
}

/** Blocks of `size` elements: those of `picks`, one after the other. */
export function moveBlocks(values: Float32Array, size: number, picks: readonly number[]): Float32Array {
  const result = new Float32Array(picks.length * size);
  for (const [to, from] of picks.entries()) {
    result.set(values.subarray(from * size, (from + 1) * size), to * size);
  }
  return result;
}

function inverse(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  for (const [to, from] of order.entries()) {
    result[from] = to;
  }
  return result;
}
