/** Reorders a whole tensor from the checkpoint's order into the kernels' and back, into an array of the same size. */
export interface Layout {
  toKernel(values: WeightArray, target: WeightArray): void;
  toCheckpoint(values: WeightArray, target: WeightArray): void;
  /** The order of the output channels; absent where the layout leaves them as they are. */
  readonly channels?: Layout;
}

/** Float32 values, or the integers of an int8 weight. */
export type WeightArray = Float32Array | Int8Array;

/** `[rows, columns]` stored as `[columns, rows]`. */
export function transposed(rows: number, columns: number): Layout {
  return {
    toKernel: (values, target) => transpose(values, rows, columns, target),
    toCheckpoint: (values, target) => transpose(values, columns, rows, target),
  };
}

function transpose(values: WeightArray, rows: number, columns: number, target: WeightArray): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      target[column * rows + row] = values[row * columns + column]!;
    }
  }
}

/** Blocks of `size` rows in another order: the kernel's block `i` is the checkpoint's block `order[i]`. */
export function rowBlocks(order: readonly number[], size: number, columns: number): Layout {
  const block = size * columns;
  return {
    toKernel: (values, target) => moveBlocks(values, block, order, target),
    toCheckpoint: (values, target) => moveBlocks(values, block, inverse(order), target),
    ...(columns > 1 && { channels: rowBlocks(order, size, 1) }),
  };
}

/** Blocks of `size` columns in another order, in every row. */
export function columnBlocks(order: readonly number[], size: number): Layout {
  const columns = order.length * size;
  const move = (values: WeightArray, by: readonly number[], target: WeightArray) => {
    for (let start = 0; start < values.length; start += columns) {
      moveBlocks(values.subarray(start, start + columns), size, by, target.subarray(start));
    }
  };
  return {
    toKernel: (values, target) => move(values, order, target),
    toCheckpoint: (values, target) => move(values, inverse(order), target),
  };
}

/** Blocks of `size` elements: those of `picks`, one after the other, to the start of `target`. */
export function moveBlocks(values: WeightArray, size: number, picks: readonly number[], target: WeightArray): void {
  for (const [to, from] of picks.entries()) {
    target.set(values.subarray(from * size, (from + 1) * size), to * size);
  }
}

function inverse(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  for (const [to, from] of order.entries()) {
    result[from] = to;
  }
  return result;
}
