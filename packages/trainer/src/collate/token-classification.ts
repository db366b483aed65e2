import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { TokenExample } from "../data/examples.js";
import { IGNORED_TAG } from "../data/tags.js";
import { TrainerOptionError } from "../option-error.js";
import {
  type Batch,
  type BatchInputs,
  type Collator,
  type CollatorOptions,
  countTargets,
  type EncodedRow,
  IGNORED_LABEL,
  type IntegerArray,
  packingOf,
  packRows,
} from "./batch.js";
import { exampleError, LabelSet } from "./labels.js";

export interface TokenClassificationBatchInputs extends BatchInputs {
  /** `[batch, length]`, -100 where a token does not count. */
  readonly labels?: IntegerArray;
}

export interface TokenClassificationCollatorOptions extends CollatorOptions {
  /** The tags. */
  readonly labels: LabelSet | readonly string[];
  /** Also label the further tokens of a word, I- in place of B- where there is one. Default false: they get -100. */
  readonly labelAllTokens?: boolean;
  /** What a tag that is none of `labels` is: an error (default), or left out of the loss. */
  readonly unknownTags?: "error" | "ignore";
}

/** A batch that knows its words, so that predictions by token become tags by word. */
export interface TokenBatch extends Batch<TokenClassificationBatchInputs> {
  /**
   * For each row, the column of each word's first token; -1 for a word without one: cut off, or nothing is left of it.
   */
  readonly firstTokens: readonly Int32Array[];
}

/** Batches of words with tags (the reference's token classification example and `DataCollatorForTokenClassification`). */
export function tokenClassificationCollator(
  tokenizer: ConvBertTokenizerFast,
  options: TokenClassificationCollatorOptions,
): Collator<TokenExample, TokenBatch> {
  const packing = packingOf(tokenizer, options);
  const labels = options.labels instanceof LabelSet ? options.labels : new LabelSet(options.labels);
  const { labelAllTokens = false, unknownTags = "error" } = options;
  if (labels.size === 0) throw new TrainerOptionError("labels", labels.names, "give the names of the tags");
  const inside = labelAllTokens ? insideTags(labels) : undefined;

  const encode = (examples: readonly TokenExample[]): { row: EncodedRow; first: Int32Array }[] => {
    if (examples.length === 0) return [];
    const batch = tokenizer(
      examples.map(({ words }) => words),
      {
        is_split_into_words: true,
        truncation: true,
        max_length: packing.maxLength,
        return_offsets_mapping: true,
        verbose: false,
      },
    );
    return examples.map((example, i) => {
      const { ids, typeIds, wordIds } = batch.row(i);
      const { words, tags } = example;
      if (tags && tags.length !== words.length) {
        throw exampleError(example, `${words.length} words have ${tags.length} tags`, "tags");
      }
      const first = new Int32Array(words.length).fill(-1);
      const targets = new Int32Array(ids.length).fill(IGNORED_LABEL);
      for (const [token, word] of wordIds.entries()) {
        if (word === null) continue;
        const begins = first[word]! < 0;
        if (begins) first[word] = token;
        if (!tags || !(begins || inside) || tags[word] === IGNORED_TAG) continue;
        const label = unknownTags === "ignore" ? labels.get(tags[word]!) : labels.indexOf(tags[word]!, example, "tags");
        if (label !== undefined) targets[token] = begins ? label : inside![label]!;
      }
      return { row: { input_ids: ids, token_type_ids: typeIds, ...(tags && { labels: targets }) }, first };
    });
  };
  const pack = (encoded: readonly { row: EncodedRow; first: Int32Array }[], pad: boolean): TokenBatch => {
    const { inputs, tokens } = packRows(
      encoded.map(({ row }) => row),
      packing,
      pad,
    );
    const length = inputs.input_ids.shape[1]!;
    const left = tokenizer.paddingSide === "left";
    return {
      inputs,
      rows: encoded.length,
      tokens,
      targets: countTargets(inputs.labels),
      firstTokens: encoded.map(({ row, first }) => {
        const shift = left ? length - row.input_ids.length : 0;
        return first.map((token) => (token < 0 ? token : token + shift));
      }),
    };
  };
  return {
    collate: (examples) => pack(encode(examples), true),
    collateRows: (examples) => encode(examples).map((one) => pack([one], false)),
  };
}

/** For each tag the one that goes on with it: I-X for B-X where there is one, else itself. */
function insideTags(labels: LabelSet): number[] {
  return labels.names.map((name, i) => (name.startsWith("B-") ? (labels.get(`I-${name.slice(2)}`) ?? i) : i));
}

/**
 * The tag of each word, out of the classes of a batch's tokens (`[rows, length]`); `missing`, "O" by default, for words
 * without tokens.
 */
export function wordTags(
  batch: Pick<TokenBatch, "firstTokens" | "inputs">,
  classes: ArrayLike<number>,
  labels: LabelSet,
  missing = "O",
): string[][] {
  const length = batch.inputs.input_ids.shape[1]!;
  return batch.firstTokens.map((first, row) =>
    Array.from(first, (token) => (token < 0 ? missing : (labels.names[classes[row * length + token]!] ?? missing))),
  );
}
