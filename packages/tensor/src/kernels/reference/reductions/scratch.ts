import type { Backend } from "../../../backend.js";
import type { Matrix } from "../../../operands.js";

/** Where a kernel gets memory of its own. */
export type Workspace = Pick<Backend, "allocate" | "release">;

/** Calls `use` with a matrix of numbers that lives as long as the call. */
export function withMatrix(
  workspace: Workspace,
  values: Float32Array,
  columns: number,
  use: (matrix: Matrix) => void,
): void {
  const storage = workspace.allocate(Math.max(1, values.length) * 4);
  storage.float32().set(values);
  use({ storage, offset: 0, rows: columns === 0 ? 0 : values.length / columns, columns, stride: columns });
  workspace.release(storage);
}

/** The single number of a matrix `[1, 1]`. */
export function numberIn({ storage, offset }: Matrix): number {
  return storage.float32()[offset]!;
}

export function setNumber({ storage, offset }: Matrix, value: number): void {
  storage.float32()[offset] = value;
}

/** A copy of a matrix's elements, row by row. */
export function elementsIn({ storage, offset, rows, columns, stride }: Matrix): Float32Array {
  const all = storage.float32();
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const start = offset + row * stride;
    values.set(all.subarray(start, start + columns), row * columns);
  }
  return values;
}
