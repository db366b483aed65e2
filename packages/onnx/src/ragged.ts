import type { PreparedSequences } from "@convbert/model/internal";

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
  prepared: PreparedSequences,
  { tokens, equal, left }: { readonly tokens: number; readonly equal: boolean; readonly left: boolean },
): Generator<PaddedBatch> {
  const { offsets } = prepared.sequences;
  const lengthOf = (index: number) => offsets[index + 1]! - offsets[index]!;
  // The longest first, so that the first batch shows how much memory is needed.
  const order = Array.from({ length: offsets.length - 1 }, (_, index) => index);
  order.sort((a, b) => lengthOf(b) - lengthOf(a));
  let rows: number[] = [];
  for (const index of order) {
    const longest = lengthOf(rows[0] ?? index);
    const isFull = (rows.length + 1) * longest > tokens || (equal && lengthOf(index) !== longest);
    if (rows.length > 0 && isFull) {
      yield padded(rows, prepared, left);
      rows = [];
    }
    rows.push(index);
  }
  if (rows.length > 0) yield padded(rows, prepared, left);
}

function padded(rows: readonly number[], prepared: PreparedSequences, left: boolean): PaddedBatch {
  const { offsets } = prepared.sequences;
  const length = offsets[rows[0]! + 1]! - offsets[rows[0]!]!;
  const words = new Int32Array(rows.length * length);
  const types = new Int32Array(words.length);
  const positions = new Int32Array(words.length);
  const tokens = new Float32Array(words.length);
  const starts: number[] = [];
  for (const [row, index] of rows.entries()) {
    const [from, to] = [offsets[index]!, offsets[index + 1]!];
    starts.push(left ? length - (to - from) : 0);
    const start = row * length + starts[row]!;
    words.set(prepared.words.subarray(from, to), start);
    types.set(prepared.types.subarray(from, to), start);
    positions.set(prepared.positions.subarray(from, to), start);
    tokens.fill(1, start, start + to - from);
  }
  return { rows, length, starts, words, types, positions, tokens };
}
