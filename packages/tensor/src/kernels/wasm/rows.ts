import type { Matrix } from "../../operands.js";
import type { WasmStorage } from "./memory.js";

/** Rows as kernels take them: the address of the first one, and the bytes from each to the next. */
export interface Rows {
  readonly address: number;
  readonly stride: number;
}

/** Of a matrix that is not there. */
const NO_ROWS: Rows = { address: 0, stride: 0 };

/** Address of a matrix's first element. */
export function addressOf({ storage, offset }: Matrix): number {
  return (storage as WasmStorage).address + offset * 4;
}

/** Where a matrix lies in the linear memory; address 0 for none. */
export function rowsOf(matrix: Matrix | null): Rows {
  return matrix === null ? NO_ROWS : { address: addressOf(matrix), stride: matrix.stride * 4 };
}

/** The same where `rows` of them are needed: a single row repeats. */
export function repeatedRows(matrix: Matrix, rows: number): Rows {
  return { address: addressOf(matrix), stride: matrix.rows === 1 && rows !== 1 ? 0 : matrix.stride * 4 };
}

/** The rows from `first` on, without the first `bytes` of each. */
export function rowsFrom({ address, stride }: Rows, first: number, bytes = 0): Rows {
  return { address: address + first * stride + bytes, stride };
}
