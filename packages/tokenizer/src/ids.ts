import { describe, TokenizerError } from "./errors.js";

/** Ids with a shape: what a call gives with `return_tensors`, an ndarray, or a tensor of another library. */
export interface ShapedIds {
  readonly data: ArrayLike<number | bigint>;
  readonly shape: readonly number[];
  /** Distance of neighbours along each axis. Default: row after row. */
  readonly stride?: readonly number[];
  /** Position of the first id. Default 0. */
  readonly offset?: number;
}

/** Token ids: a list or typed array of them (also of 64 bits), or one row with its shape. */
export type IdsInput = ArrayLike<number | bigint> | ShapedIds;

type Id = number | bigint;

const invalid = (value: unknown, expected: string): TokenizerError =>
  new TokenizerError("invalid-input", `tokenizer: got ${describe(value)}; expected ${expected}`);

export const isShaped = (value: unknown): value is ShapedIds =>
  typeof value === "object" && value !== null && "data" in value && Array.isArray((value as ShapedIds).shape);

export const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/**
 * Checks one id. The reference's slow tokenizer has the unknown token for negative and enormous ids, the fast one fails.
 * @throws TokenizerError `invalid-input` for what is no whole number, and for the fast one beyond 32 bits.
 */
export function readId(id: unknown, isFast: boolean): number {
  const number = typeof id === "bigint" ? Number(id) : id;
  if (Number.isInteger(number) && (!isFast || ((number as number) >= 0 && (number as number) < 2 ** 32)))
    return number as number;
  throw invalid(id, "a token id, a whole number from 0 on; -100 marks labels that do not count and is no id");
}

/** The rows of ids with a shape; one number, or a single axis, is one row. */
function rowsOf(ids: ShapedIds): Id[][] {
  const { data, shape, stride, offset = 0 } = ids;
  const [count, length] = shape.length === 2 ? shape : [1, ...shape, 1];
  const [down, along] = stride ? (shape.length === 2 ? stride : [0, stride[0] ?? 1]) : [length!, 1];
  // A shape that promises more than there is must not cost more than what there is.
  if (shape.length > 2 || !(count! * length! <= data?.length))
    throw invalid(ids, `ids in one or two dimensions; the shape is [${shape.map(String)}]`);
  return Array.from({ length: count! }, (_, row) =>
    Array.from({ length: length! }, (_, i) => data[offset + row * down! + i * along!]!),
  );
}

/** The ids of one row. @throws TokenizerError `invalid-input` for anything else. */
export function readIds(ids: unknown, isFast: boolean): number[] {
  let list = ids;
  if (typeof ids === "number" || typeof ids === "bigint") list = [ids];
  else if (isShaped(ids)) {
    const rows = rowsOf(ids);
    if (rows.length !== 1) throw invalid(ids, `one row of ids; batchDecode takes ${rows.length}`);
    list = rows[0];
  }
  if (!isList(list)) throw invalid(ids, "a list of token ids");
  return Array.from(list, (id) => readId(id, isFast));
}

/** The rows of a batch; of a single list every id is a row, as in the reference. */
export function readRows(rows: unknown): readonly unknown[] {
  if (isShaped(rows)) return rows.shape.length === 1 ? rowsOf(rows)[0]! : rowsOf(rows);
  if (isList(rows)) return Array.from(rows);
  throw invalid(rows, "a list of rows of token ids");
}
