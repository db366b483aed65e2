import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { RandomSource } from "../data/random.js";
import { TrainerOptionError } from "../option-error.js";

/** Whole numbers in row-major order. */
export interface IntegerArray {
  readonly data: Int32Array;
  readonly shape: readonly number[];
}

/** Numbers in row-major order. */
export interface FloatLabels {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What every model takes, under its wire names: `[batch, length]`, or `[batch, choices, length]`. */
export interface BatchInputs {
  readonly input_ids: IntegerArray;
  /** 1 for tokens, 0 for padding. */
  readonly attention_mask: IntegerArray;
  readonly token_type_ids: IntegerArray;
}

/** A batch: `inputs` is what `forward` takes. */
export interface Batch<Inputs extends BatchInputs = BatchInputs> {
  readonly inputs: Inputs;
  /** Rows of the batch: texts, windows, or prompts with their choices. */
  readonly rows: number;
  /** Tokens, padding left out. */
  readonly tokens: number;
  /** Labels that count for the loss, those of -100 left out; 0 without labels. A mean loss is one over these. */
  readonly targets: number;
}

/** Turns examples into batches. */
export interface Collator<Example, B extends Batch = Batch> {
  /**
   * One batch of all examples, padded to one length. Throws DataError for an example that does not fit the task.
   * @param random for what is drawn (masks); the same source in the same state gives the same batch.
   */
  collate(examples: readonly Example[], random?: RandomSource): B;
  /**
   * A batch for each row, every one at its own length and without padding: what ConvBERT computes of a row then does not
   * depend on its neighbours.
   */
  collateRows(examples: readonly Example[], random?: RandomSource): B[];
}

/** Options of every collator. */
export interface CollatorOptions {
  /** Tokens of a row at most, special ones included. Default: what the tokenizer says the model takes, else 512. */
  readonly maxLength?: number;
  /** "longest" pads to the longest row of a batch, "max_length" to `maxLength`. Default "longest". */
  readonly padding?: "longest" | "max_length";
  /** Pad to a multiple of this many tokens. Default 1. */
  readonly padToMultipleOf?: number;
}

/** Collator options, checked. */
export interface Packing {
  readonly tokenizer: ConvBertTokenizerFast;
  readonly maxLength: number;
  readonly padding: "longest" | "max_length";
  readonly multiple: number;
}

/** Checks a collator's options. Throws TrainerOptionError. */
export function packingOf(tokenizer: ConvBertTokenizerFast, options: CollatorOptions): Packing {
  const known = tokenizer.modelMaxLength <= 1e9 ? tokenizer.modelMaxLength : 512;
  const { maxLength = known, padding = "longest", padToMultipleOf: multiple = 1 } = options;
  const least = tokenizer.numSpecialTokensToAdd(true) + 1;
  if (!Number.isSafeInteger(maxLength) || maxLength < least) {
    throw new TrainerOptionError("maxLength", maxLength, `give a whole number from ${least} on`);
  }
  if (padding !== "longest" && padding !== "max_length") {
    throw new TrainerOptionError("padding", padding, "choose longest or max_length");
  }
  if (!Number.isSafeInteger(multiple) || multiple < 1) {
    throw new TrainerOptionError("padToMultipleOf", multiple, "give a whole number from 1 on");
  }
  if (padding === "max_length" && maxLength % multiple !== 0) {
    throw new TrainerOptionError("padToMultipleOf", multiple, `maxLength, ${maxLength}, is no multiple of it`);
  }
  if (tokenizer.padTokenId === undefined) {
    throw new TrainerOptionError("tokenizer", "no padding token", "the tokenizer needs one");
  }
  return { tokenizer, maxLength, padding, multiple };
}

/** A row before it is padded. `labels` are by token. */
export interface EncodedRow {
  readonly input_ids: ArrayLike<number>;
  readonly token_type_ids: ArrayLike<number>;
  readonly labels?: ArrayLike<number>;
}

/** Label of tokens that do not count for the loss (PyTorch's `ignore_index`). */
export const IGNORED_LABEL = -100;

/** Rows in arrays of one length, padded on the tokenizer's side. `labels` is there where the rows have some. */
export function packRows(
  rows: readonly EncodedRow[],
  { tokenizer, maxLength, padding, multiple }: Packing,
  pad: boolean,
): { readonly inputs: BatchInputs & { readonly labels?: IntegerArray }; readonly tokens: number } {
  const longest = rows.reduce((length, row) => Math.max(length, row.input_ids.length), 0);
  const wanted = padding === "max_length" ? maxLength : Math.ceil(longest / multiple) * multiple;
  const length = pad ? Math.max(longest, wanted) : longest;
  const left = tokenizer.paddingSide === "left";
  const shape = [rows.length, length];
  const of = (value: number, values: (row: EncodedRow) => ArrayLike<number>): IntegerArray => {
    const data = new Int32Array(rows.length * length).fill(value);
    for (const [i, row] of rows.entries()) {
      data.set(values(row), i * length + (left ? length - row.input_ids.length : 0));
    }
    return { data, shape };
  };
  const labelled = rows.length > 0 && rows.every((row) => row.labels !== undefined);
  return {
    inputs: {
      input_ids: of(tokenizer.padTokenId!, (row) => row.input_ids),
      attention_mask: of(0, (row) => new Uint8Array(row.input_ids.length).fill(1)),
      token_type_ids: of(tokenizer.padTokenTypeId, (row) => row.token_type_ids),
      ...(labelled && { labels: of(IGNORED_LABEL, (row) => row.labels!) }),
    },
    tokens: rows.reduce((sum, row) => sum + row.input_ids.length, 0),
  };
}

/** How many labels are not -100. */
export function countTargets(labels: IntegerArray | undefined): number {
  return labels?.data.reduce((count, label) => count + Number(label !== IGNORED_LABEL), 0) ?? 0;
}
