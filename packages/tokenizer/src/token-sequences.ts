import type { BatchEncoding } from "./batch-encoding.js";
import type { CallOptions, TextInput } from "./call-options.js";
import type { ConvBertTokenizerFast } from "./fast/tokenizer.js";
import type { ConvBertTokenizer } from "./slow/tokenizer.js";

/** Options of `encodeSequences`: those of a call that say what a row is made of. */
export type SequenceOptions = Omit<
  CallOptions,
  "padding" | "padding_side" | "pad_to_multiple_of" | "offset_unit" | `return_${string}`
> & {
  /** Fast tokenizer: keep what truncation cuts off, as further rows. */
  readonly return_overflowing_tokens?: boolean | undefined;
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

/**
 * Texts as rows of tokens one after the other, without padding, which is how models run them best: a batch for `encodeRagged`
 * and `forwardRagged`. (A function, so that pages that only tokenize do not load it.)
 * @param tokenizer either one. @param texts what a call takes; a single text is one row.
 * @param options of a call, but those of padding and fields.
 * @throws what the call throws.
 */
export function encodeSequences(
  tokenizer: ConvBertTokenizerFast | ConvBertTokenizer,
  texts: TextInput,
  options: SequenceOptions = {},
): TokenSequences {
  const { text_pair: pair, ...others }: CallOptions = options;
  const isOne = !Array.isArray(texts) || (others.is_split_into_words === true && typeof texts[0] === "string");
  const encoded = tokenizer((isOne ? [texts] : texts) as TextInput, {
    ...others,
    ...(pair != null && { text_pair: (isOne ? [pair] : pair) as TextInput }),
    padding: false,
    return_tensors: false,
    return_attention_mask: false,
    // The slow tokenizer knows no types without special tokens, where all are of type 0.
    return_token_type_ids: tokenizer.isFast || others.add_special_tokens !== false,
  }) as BatchEncoding<number[][]>;
  const { input_ids, token_type_ids: types } = encoded;
  const offsets = [0];
  for (const [row, { length }] of input_ids.entries()) offsets.push(offsets[row]! + length);
  return {
    input_ids: Int32Array.from(input_ids.flat()),
    token_type_ids: types ? Int32Array.from(types.flat()) : new Int32Array(offsets.at(-1)!),
    offsets,
  };
}
