import type { MaskedLMBatch } from "@convbert/heads";
import { seededRandom } from "@convbert/tensor/internal";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { Dataset, IndexedDataset } from "../data/dataset.js";
import { memoryDataset } from "../data/dataset.js";
import type { PlainExample } from "../data/examples.js";
import type { RandomSource } from "../data/random.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  countTargets,
  IGNORED_LABEL,
  type IntegerArray,
  joinedRows,
  joinedValues,
  packingOf,
} from "./batch.js";
import { type MaskingOptions, masker } from "./masking.js";

export interface FillMaskBatchInputs extends BatchInputs {
  /** `[batch, length]`: the tokens that were masked, -100 elsewhere. */
  readonly labels: IntegerArray;
}

/** A row of tokens, special ones included, as `packTokens` makes them. */
export interface TokenBlock {
  readonly ids: Int32Array;
}

/**
 * Batches of texts, or blocks of tokens, with masks drawn anew each time. Texts beyond `maxLength` are cut; `packTokens`
 * loses nothing.
 */
export function fillMaskCollator(
  tokenizer: ConvBertTokenizerFast,
  options: CollatorOptions & MaskingOptions = {},
): Collator<PlainExample | TokenBlock, Batch<FillMaskBatchInputs, MaskedLMBatch>> {
  const packing = packingOf(tokenizer, options);
  const mask = masker(tokenizer, options);
  const rows = (examples: readonly (PlainExample | TokenBlock)[], random: RandomSource) => {
    const texts = examples.flatMap((example) => ("text" in example ? [example.text] : []));
    const encoded =
      texts.length === 0
        ? []
        : tokenizer(texts, { truncation: true, max_length: packing.maxLength, verbose: false }).input_ids;
    let next = 0;
    return examples.map((example) => {
      const ids = "text" in example ? encoded[next++]! : example.ids.subarray(0, packing.maxLength);
      return { ...mask(ids, random), token_type_ids: new Uint8Array(ids.length) };
    });
  };
  return {
    collate(examples, random = seededRandom(0)) {
      const masked = rows(examples, random);
      const sequences = joinedRows(masked);
      const labels = joinedValues(masked, sequences.offsets, (row) => row.labels);
      return batchOf({
        sequences,
        packing,
        targets: countTargets(labels),
        own: { labels },
        pad: ({ inputs, padded }) => ({ ...inputs, labels: padded(labels, IGNORED_LABEL) }),
      });
    },
  };
}

export interface PackTokensOptions {
  /** Tokens of a block, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** A last block shorter than this is left out. Default half of `maxLength`. */
  readonly shortest?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (tokens: number) => void;
}

/** Texts that are tokenized together. */
const TEXTS_AT_ONCE = 256;

/**
 * Running text in blocks of `maxLength` tokens (one fewer where a text ends just there), so that next to nothing is padded
 * and nothing is cut off: texts one after the other
 * with [SEP] between, each block framed by [CLS] and [SEP] (after `group_texts` of the reference's language modelling
 * example, which frames texts, not blocks). Keeps 4 bytes a token.
 */
export async function packTokens(
  dataset: Dataset<PlainExample>,
  tokenizer: ConvBertTokenizerFast,
  options: PackTokensOptions,
): Promise<IndexedDataset<TokenBlock>> {
  const { maxLength, shortest = Math.ceil(maxLength / 2), signal, onProgress } = options;
  packingOf(tokenizer, { maxLength });
  const cls = tokenizer.clsTokenId!;
  const sep = tokenizer.sepTokenId!;
  const blocks: TokenBlock[] = [];
  let block: number[] = [cls];
  let total = 0;
  const close = (): void => {
    if (block.at(-1) !== sep || block.length === 1) block.push(sep);
    blocks.push({ ids: Int32Array.from(block) });
    block = [cls];
  };
  const take = (texts: readonly string[]): void => {
    if (texts.length === 0) return;
    for (const ids of tokenizer(texts, { add_special_tokens: false, verbose: false }).input_ids) {
      total += ids.length;
      for (const id of ids) {
        block.push(id);
        if (block.length === maxLength - 1) close();
      }
      // A text that ended with its block needs no mark.
      if (block.length > 1 && ids.length > 0) block.push(sep);
      if (block.length === maxLength - 1) close();
    }
    onProgress?.(total);
  };
  let texts: string[] = [];
  for await (const { text } of dataset) {
    signal?.throwIfAborted();
    texts.push(text);
    if (texts.length === TEXTS_AT_ONCE) {
      take(texts);
      texts = [];
    }
  }
  take(texts);
  if (block.length > 1 && block.length + 1 >= shortest) close();
  return memoryDataset(blocks);
}
