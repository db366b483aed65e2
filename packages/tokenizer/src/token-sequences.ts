import type { BatchEncoding } from "./batch-encoding.js";
import type { CallOptions } from "./call-options.js";

/** Options of `encodeSequences`: those of a call that say what a row is made of. */
export type SequenceOptions = Omit<
  CallOptions,
  "padding" | "padding_side" | "pad_to_multiple_of" | "offset_unit" | `return_${string}`
> & {
  /** Fast tokenizer: keep what truncation cuts off, as further rows. */
  readonly return_overflowing_tokens?: boolean | undefined;
};

/** What a call is told for rows that are to be put one after the other. */
export const UNPADDED: CallOptions = {
  padding: false,
  return_tensors: false,
  return_attention_mask: false,
  return_special_tokens_mask: false,
  return_offsets_mapping: false,
  return_length: false,
};

/**
 * Rows of tokens one after the other, without padding: a `SequenceBatch` of `@convbert/model`, which `encodeRagged` and
 * `forwardRagged` of every model take.
 */
export interface TokenSequences {
  /** Of all rows. */
  readonly input_ids: Int32Array;
  /** Of all rows. */
  readonly token_type_ids: Int32Array;
  /** Where each row begins, and behind the last one how many tokens there are. */
  readonly offsets: readonly number[];
}

/** The rows of a batch that has not been padded, put one after the other. */
export function tokenSequences({ input_ids, token_type_ids }: BatchEncoding<number[][]>): TokenSequences {
  const offsets = [0];
  for (const [row, { length }] of input_ids.entries()) offsets.push(offsets[row]! + length);
  const joined = (rows: readonly (readonly number[])[] | undefined): Int32Array => {
    const all = new Int32Array(offsets.at(-1)!);
    for (const [row, values] of rows?.entries() ?? []) all.set(values, offsets[row]!);
    return all;
  };
  return { input_ids: joined(input_ids), token_type_ids: joined(token_type_ids), offsets };
}
