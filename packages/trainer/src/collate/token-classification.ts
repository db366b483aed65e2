import type { TokenClassificationBatch } from "@convbert/heads";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { TokenExample } from "../data/examples.js";
import { TrainerOptionError } from "../option-error.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  countTargets,
  type EncodedRow,
  type FloatLabels,
  IGNORED_LABEL,
  type IntegerArray,
  joinedRows,
  joinedTables,
  joinedValues,
  packingOf,
} from "./batch.js";
import { exampleError, LabelSet, tagShares } from "./labels.js";

export interface TokenClassificationBatchInputs extends BatchInputs {
  /**
   * `[batch, length]`, -100 where a token does not count; how likely each tag is where a word of the batch says so, `[batch,
   * length, labels]`, all 0 where a token does not count.
   */
  readonly labels?: IntegerArray | FloatLabels;
}

export interface TokenClassificationCollatorOptions extends CollatorOptions {
  /** The tags. */
  readonly labels: LabelSet | readonly string[];
  /** Also label the further tokens of a word, I- in place of B- where there is one. Default false: they do not count. */
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

  /** How likely each label is for a word: none where the word does not count. */
  const sharesOf = (example: TokenExample, word: number): (readonly [label: number, share: number])[] => {
    const shares = tagShares(example, word);
    if (unknownTags === "error") return shares.map(([tag, share]) => [labels.indexOf(tag, example, "tags"), share]);
    const possible = shares.filter(([, share]) => share > 0);
    if (possible.some(([tag]) => labels.get(tag) === undefined)) return [];
    return possible.map(([tag, share]) => [labels.get(tag)!, share]);
  };

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
    // A batch has labels of one kind: words with a tag for certain go along with the others.
    const width = examples.some(({ tags }) => tags?.some((tag) => typeof tag !== "string")) ? labels.size : undefined;
    return examples.map((example, i) => {
      const { ids, typeIds, wordIds } = batch.row(i);
      const { words, tags } = example;
      if (tags && tags.length !== words.length) {
        throw exampleError(example, `${words.length} words have ${tags.length} tags`, "tags");
      }
      const first = new Int32Array(words.length).fill(-1);
      const classes = new Int32Array(ids.length).fill(IGNORED_LABEL);
      const table = new Float32Array(ids.length * (width ?? 0));
      for (const [token, word] of wordIds.entries()) {
        if (word === null) continue;
        const begins = first[word]! < 0;
        if (begins) first[word] = token;
        if (!tags || !(begins || inside)) continue;
        for (const [label, share] of sharesOf(example, word)) {
          const own = begins ? label : inside![label]!;
          if (width === undefined) classes[token] = own;
          else table[token * width + own]! += share;
        }
      }
      const targets = width === undefined ? classes : table;
      return { input_ids: ids, token_type_ids: typeIds, labels: tags && targets, width, first };
    });
  };
  return {
    collate(examples) {
      const rows = encode(examples);
      const sequences = joinedRows(rows);
      const isLabelled = rows.length > 0 && rows.every((row) => row.labels !== undefined);
      const targets = isLabelled ? joinedTargets(rows, sequences.offsets) : undefined;
      return batchOf(
        {
          sequences,
          packing,
          targets: countTargets(targets),
          own: targets ? { labels: targets } : {},
          pad: ({ inputs, padded, paddedTable }) => ({
            ...inputs,
            ...(targets && { labels: "shape" in targets ? paddedTable(targets) : padded(targets, IGNORED_LABEL) }),
          }),
        },
        { wordStarts: rows.map(({ first }) => first) },
      );
    },
  };
}

/** A row of words' tokens. */
interface TaggedRow extends EncodedRow {
  readonly labels: Int32Array | Float32Array | undefined;
  /** Numbers of each token, where its label is how likely each tag is. */
  readonly width: number | undefined;
  /** Position of each word's first token. */
  readonly first: Int32Array;
}

function joinedTargets(rows: readonly TaggedRow[], offsets: readonly number[]): Int32Array | FloatLabels {
  const width = rows[0]?.width;
  return width === undefined
    ? joinedValues(rows, offsets, (row) => row.labels!)
    : joinedTables(rows, offsets, width, (row) => row.labels!);
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
