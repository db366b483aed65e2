import type { RaggedInputs } from "@convbert/model";

/** Sequences of like lengths, padded to the longest. */
export interface PaddedBatch {
  /** Numbers of the sequences. */
  readonly rows: readonly number[];
  readonly length: number;
  /** Where each sequence starts in its row: 0, or behind the padding. */
  readonly starts: readonly number[];
  /** `[rows, length]`, as the others. */
  readonly words: Int32Array;
  readonly types: Int32Array;
  readonly positions: Int32Array;
  /** 1 for tokens, 0 for padding. */
  readonly tokens: Float32Array;
}

/**
 * Sorts sequences by length and cuts them into batches of at most so many tokens, padding counted; a longer sequence runs
 * alone. With `equal` a batch has one length, and so no padding; with `left` padding stands before the tokens.
 */
export function* paddedBatches(
  { sequences, token_type_ids: types }: RaggedInputs,
  { tokens, equal, left }: { readonly tokens: number; readonly equal: boolean; readonly left: boolean },
): Generator<PaddedBatch> {
  // The longest first, so that the first batch shows how much memory is needed. Sequences of no tokens have no result.
  const order = Array.from(sequences.keys()).sort((a, b) => sequences[b]!.length - sequences[a]!.length);
  let rows: number[] = [];
  for (const index of order) {
    const longest = sequences[rows[0] ?? index]!.length;
    const isFull = (rows.length + 1) * longest > tokens || (equal && sequences[index]!.length !== longest);
    if (rows.length > 0 && isFull) {
      yield padded(rows, sequences, types, left);
      rows = [];
    }
    rows.push(index);
  }
  if (rows.length > 0) yield padded(rows, sequences, types, left);
}

function padded(
  rows: readonly number[],
  sequences: RaggedInputs["sequences"],
  allTypes: RaggedInputs["token_type_ids"],
  left: boolean,
): PaddedBatch {
  const { length } = sequences[rows[0]!]!;
  const words = new Int32Array(rows.length * length);
  const types = new Int32Array(words.length);
  const positions = new Int32Array(words.length);
  const tokens = new Float32Array(words.length);
  const starts = rows.map((index) => (left ? length - sequences[index]!.length : 0));
  for (const [row, index] of rows.entries()) {
    const sequence = sequences[index]!;
    const start = row * length + starts[row]!;
    words.set(sequence, start);
    types.set(allTypes?.[index] ?? [], start);
    tokens.fill(1, start, start + sequence.length);
    for (let position = 0; position < sequence.length; position++) positions[start + position] = position;
  }
  return { rows, length, starts, words, types, positions, tokens };
}
