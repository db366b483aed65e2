import type { Matrix } from "../../backend.js";
import type { WasmStorage } from "./memory.js";

/** A matrix as kernels take it: address of the first element, distance of rows in bytes. */
export interface Rows {
  readonly pointer: number;
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
}

/** Where a matrix lies in the linear memory. */
export function located({ storage, offset, rows, columns, stride }: Matrix): Rows {
  return { pointer: (storage as WasmStorage).pointer + offset * 4, stride: stride * 4, rows, columns };
}
