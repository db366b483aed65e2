import type { SequenceBatch } from "@convbert/model";
import { sliceSequences } from "@convbert/model/internal";
import { type Batch, type FloatLabels, type IntegerArray, isPerToken } from "./batch.js";

/** What the batches of the tasks have besides their tokens. */
interface OwnFields {
  /** Of each token, or with a shape of each row or token. */
  readonly labels?: Int32Array | IntegerArray | FloatLabels | null | undefined;
  readonly start_positions?: ArrayLike<number> | null | undefined;
  readonly end_positions?: ArrayLike<number> | null | undefined;
  /** Sequences of each row, one by default. */
  readonly choices?: ArrayLike<number> | null | undefined;
  /** The rows of an example stand far from each other. */
  readonly texts_per_example?: unknown;
}

/**
 * A batch without padding in parts of whole rows, in order, with at most so many tokens; a row of more is alone. Rows of
 * sentence vectors belong together.
 */
export function sequenceParts<Sequences extends SequenceBatch>(
  { sequences, rows }: Pick<Batch<never, Sequences>, "sequences" | "rows">,
  tokens: number,
): Sequences[] {
  const { offsets, choices, texts_per_example: isWhole } = sequences as Sequences & OwnFields;
  if (isWhole !== undefined || offsets[offsets.length - 1]! <= tokens) return [sequences];
  const starts = choices == null ? null : startsOf(choices);
  const parts: Sequences[] = [];
  let from = 0;
  for (let row = 1; row <= rows; row++) {
    const next = offsets[starts?.[row + 1] ?? row + 1]!;
    if (row < rows && next - offsets[starts?.[from] ?? from]! <= tokens) continue;
    parts.push(part(sequences, starts, from, row));
    from = row;
  }
  return parts;
}

function part<Sequences extends SequenceBatch>(
  sequences: Sequences,
  starts: readonly number[] | null,
  from: number,
  to: number,
): Sequences {
  const [start, end] = [sequences.offsets[starts?.[from] ?? from]!, sequences.offsets[starts?.[to] ?? to]!];
  const { labels, start_positions, end_positions, choices } = sequences as Sequences & OwnFields;
  const labelsOf = (array: IntegerArray | FloatLabels) =>
    isPerToken(array, sequences.offsets) ? rowsOf(array, start, end) : rowsOf(array, from, to);
  const byRow = (values: ArrayLike<number>) => Int32Array.from(values).subarray(from, to);
  return {
    ...sequences,
    ...sliceSequences(sequences, starts?.[from] ?? from, starts?.[to] ?? to),
    ...(labels && { labels: labels instanceof Int32Array ? labels.subarray(start, end) : labelsOf(labels) }),
    ...(start_positions && { start_positions: byRow(start_positions) }),
    ...(end_positions && { end_positions: byRow(end_positions) }),
    ...(choices && { choices: byRow(choices) }),
  };
}

/** Some rows of an array with a shape. */
function rowsOf({ data, shape }: IntegerArray | FloatLabels, from: number, to: number): IntegerArray | FloatLabels {
  const size = data.length / shape[0]!;
  return { data: data.subarray(from * size, to * size), shape: [to - from, ...shape.slice(1)] } as
    | IntegerArray
    | FloatLabels;
}

/** Where each of several counts begins among all, and their sum. */
function startsOf(counts: ArrayLike<number>): number[] {
  const starts = [0];
  for (let i = 0; i < counts.length; i++) starts.push(starts[i]! + counts[i]!);
  return starts;
}
