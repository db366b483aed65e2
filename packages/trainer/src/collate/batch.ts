import { type SequenceBatch, sequenceBatch } from "@convbert/model";
import type { ConvBertTokenizerFast, TokenSequences } from "@convbert/tokenizer";
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

/** A batch of examples: its tokens one after the other, and padded where someone asks for that. */
export interface Batch<Inputs extends BatchInputs = BatchInputs, Sequences extends SequenceBatch = SequenceBatch> {
  /** What `forwardRagged` and `trainingLoss` take: no padding, so that no row's result depends on another row. */
  readonly sequences: Sequences;
  /** What `forward` takes: all rows padded to one length, as in the reference. Made when it is read for the first time. */
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
   * One batch of all examples. Throws DataError for an example that does not fit the task.
   * @param random for what is drawn (masks); the same source in the same state gives the same batch.
   */
  collate(examples: readonly Example[], random?: RandomSource): B;
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

/** Label of tokens that do not count for the loss (PyTorch's `ignore_index`). */
export const IGNORED_LABEL = -100;

/** A row of tokens. */
export interface EncodedRow {
  readonly input_ids: ArrayLike<number>;
  readonly token_type_ids: ArrayLike<number>;
}

/** Rows one after the other, as the tokenizer gives texts. */
export function joinedRows(rows: readonly EncodedRow[]): TokenSequences {
  const { offsets, input_ids, token_type_ids } = sequenceBatch(
    rows.map((row) => row.input_ids),
    rows.map((row) => row.token_type_ids),
  );
  return { offsets, input_ids, token_type_ids: token_type_ids! };
}

/** Numbers of all tokens, row after row. */
export function joinedValues<Row>(
  rows: readonly Row[],
  offsets: readonly number[],
  valuesOf: (row: Row) => ArrayLike<number>,
): Int32Array {
  const all = new Int32Array(offsets.at(-1)!);
  for (const [row, values] of rows.entries()) all.set(valuesOf(values), offsets[row]!);
  return all;
}

/** The same of a row of numbers for each token. */
export function joinedTables<Row>(
  rows: readonly Row[],
  offsets: readonly number[],
  width: number,
  valuesOf: (row: Row) => ArrayLike<number>,
): FloatLabels {
  const tokens = offsets.at(-1)!;
  const data = new Float32Array(tokens * width);
  for (const [row, values] of rows.entries()) data.set(valuesOf(values), offsets[row]! * width);
  return { data, shape: [tokens, width] };
}

/** Rows padded to one length, on the tokenizer's side. */
export interface PaddedRows {
  readonly inputs: BatchInputs;
  /** The column of a row's first token. */
  columnOf(row: number): number;
  /** Numbers of all tokens, laid out and padded as the ids are. */
  padded(values: ArrayLike<number>, filler: number): IntegerArray;
  /** The same of a row of numbers for each token; those of padding are 0. */
  paddedTable(values: FloatLabels): FloatLabels;
}

function paddedRows({ offsets, ...tokens }: TokenSequences, packing: Packing): PaddedRows {
  const { tokenizer, maxLength, padding, multiple } = packing;
  const rows = offsets.length - 1;
  const lengthOf = (row: number): number => offsets[row + 1]! - offsets[row]!;
  let longest = 0;
  for (let row = 0; row < rows; row++) longest = Math.max(longest, lengthOf(row));
  const wanted = padding === "max_length" ? maxLength : Math.ceil(longest / multiple) * multiple;
  const length = Math.max(longest, wanted);
  const columnOf = (row: number): number => (tokenizer.paddingSide === "left" ? length - lengthOf(row) : 0);
  const padded = (values: ArrayLike<number>, filler: number): IntegerArray => {
    const data = new Int32Array(rows * length).fill(filler);
    for (let row = 0; row < rows; row++) {
      const start = row * length + columnOf(row) - offsets[row]!;
      for (let token = offsets[row]!; token < offsets[row + 1]!; token++) data[start + token] = values[token]!;
    }
    return { data, shape: [rows, length] };
  };
  const paddedTable = ({ data: values, shape }: FloatLabels): FloatLabels => {
    const width = shape[1]!;
    const data = new Float32Array(rows * length * width);
    for (let row = 0; row < rows; row++) {
      const own = values.subarray(offsets[row]! * width, offsets[row + 1]! * width);
      data.set(own, (row * length + columnOf(row)) * width);
    }
    return { data, shape: [rows, length, width] };
  };
  return {
    columnOf,
    padded,
    paddedTable,
    inputs: {
      input_ids: padded(tokens.input_ids, tokenizer.padTokenId!),
      attention_mask: padded(new Uint8Array(tokens.input_ids.length).fill(1), 0),
      token_type_ids: padded(tokens.token_type_ids, tokenizer.padTokenTypeId),
    },
  };
}

/** What a batch is made of. */
export interface BatchContent<Inputs, Own> {
  readonly sequences: TokenSequences;
  readonly packing: Packing;
  readonly targets: number;
  /** Rows, where they are not sequences. */
  readonly rows?: number;
  /** What the sequences have besides their tokens. */
  readonly own: Own;
  /** The batch padded. */
  pad(rows: PaddedRows): Inputs;
}

/** A batch that is padded when somebody asks for it; `more` is what else it has. */
export function batchOf<Inputs extends BatchInputs, Own extends object, More extends object = object>(
  content: BatchContent<Inputs, Own>,
  more: More = {} as More,
): Batch<Inputs, SequenceBatch & Own> & More {
  const { sequences, targets, packing } = content;
  const { input_ids, token_type_ids, offsets } = sequences;
  let padded: Inputs | undefined;
  return {
    ...more,
    sequences: { input_ids, token_type_ids, offsets, ...content.own },
    get inputs() {
      padded ??= content.pad(paddedRows(sequences, packing));
      return padded;
    },
    rows: content.rows ?? offsets.length - 1,
    tokens: offsets.at(-1)!,
    targets,
  };
}

/** How many labels are not -100; of rows of numbers, those that are not all 0. */
export function countTargets(labels: ArrayLike<number> | FloatLabels | undefined): number {
  if (labels && "shape" in labels) return countRows(labels);
  let count = 0;
  for (let i = 0; i < (labels?.length ?? 0); i++) count += Number(labels![i] !== IGNORED_LABEL);
  return count;
}

function countRows({ data, shape }: FloatLabels): number {
  const width = shape.at(-1)!;
  let count = 0;
  for (let at = 0; at < data.length; at += width) {
    count += Number(data.subarray(at, at + width).some((value) => value > 0));
  }
  return count;
}

/** Whether an array of numbers has a row for each token, and not one for each sequence. */
export function isPerToken({ shape }: { readonly shape: readonly number[] }, offsets: ArrayLike<number>): boolean {
  return shape[0] === offsets[offsets.length - 1] && shape[0] !== offsets.length - 1;
}
