import type { TokenClassificationBatch } from "@convbert/heads";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { TokenExample } from "../data/examples.js";
import { IGNORED_TAG } from "../data/tags.js";
import { TrainerOptionError } from "../option-error.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  countTargets,
  type EncodedRow,
  IGNORED_LABEL,
  type IntegerArray,
  joinedRows,
  joinedValues,
  packingOf,
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
export interface TokenBatch extends Batch<TokenClassificationBatchInputs, TokenClassificationBatch> {
  /**
   * For each row, the position among its tokens of each word's first one; -1 for a word without one: cut off, or nothing is
   * left of it.
   */
  readonly wordStarts: readonly Int32Array[];
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

  const encode = (examples: readonly TokenExample[]): TaggedRow[] => {
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
      return { input_ids: ids, token_type_ids: typeIds, labels: tags && targets, first };
    });
  };
  return {
    collate(examples) {
      const rows = encode(examples);
      const sequences = joinedRows(rows);
      const isLabelled = rows.length > 0 && rows.every((row) => row.labels !== undefined);
      const targets = isLabelled ? joinedValues(rows, sequences.offsets, (row) => row.labels!) : undefined;
      return batchOf(
        {
          sequences,
          packing,
          targets: countTargets(targets),
          own: targets ? { labels: targets } : {},
          pad: ({ inputs, padded }) => ({ ...inputs, ...(targets && { labels: padded(targets, IGNORED_LABEL) }) }),
        },
        { wordStarts: rows.map(({ first }) => first) },
      );
    },
  };
}

/** A row of words' tokens. */
interface TaggedRow extends EncodedRow {
  readonly labels: Int32Array | undefined;
  /** Position of each word's first token. */
  readonly first: Int32Array;
}

/** For each tag the one that goes on with it: I-X for B-X where there is one, else itself. */
function insideTags(labels: LabelSet): number[] {
  return labels.names.map((name, i) => (name.startsWith("B-") ? (labels.get(`I-${name.slice(2)}`) ?? i) : i));
}

/**
 * The tag of each word of a row, out of the classes of its tokens.
 * @param first position of each word's first token; -1 for none. @param missing the tag of such a word, "O" by default.
 */
export function wordTags(first: Int32Array, classes: ArrayLike<number>, labels: LabelSet, missing = "O"): string[] {
  return Array.from(first, (token) => (token < 0 ? missing : (labels.names[classes[token]!] ?? missing)));
}
