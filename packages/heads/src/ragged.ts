import type { FloatArray, RaggedInputs, SequenceBatch } from "@convbert/model";
import { sequenceRows } from "@convbert/model/internal";
import type { Sequences, Tensor } from "@convbert/tensor";

/** A batch without padding, or the same with the sequences as lists. */
export type Ragged<Batch extends SequenceBatch> = Batch | (RaggedInputs & Omit<Batch, keyof SequenceBatch>);

/** What `forwardRagged` gives for each sequence. */
export interface RaggedLogits {
  /** Of this sequence alone; where labels were given. */
  readonly loss?: number;
  /** As those of `forward` without the axis of the batch. */
  readonly logits: FloatArray;
}

/** The same while it is read from the backend's memory. */
export interface ReadingLogits {
  readonly loss?: Promise<number>;
  readonly logits: Promise<FloatArray>;
}

/** One row for each sequence, `[channels]` each. */
export function eachRow(rows: Tensor<"float32">): ReadingLogits[] {
  return Array.from({ length: rows.extent(0) }, (_, row) => ({
    logits: rows
      .slice(0, row, row + 1)
      .reshape([-1])
      .read(),
  }));
}

/** The rows of each sequence's tokens, `[length, channels]` each. */
export function eachSequence(tokens: Tensor<"float32">, sequences: Sequences): ReadingLogits[] {
  return sequenceRows(tokens, { sequences }).map((logits) => ({ logits }));
}

/** The results with each sequence's own loss, where there is one. */
export function withLosses<Result extends object>(
  results: readonly Result[],
  lossOf: ((sequence: number) => Tensor<"float32"> | null) | null,
): (Result & { readonly loss?: Promise<number> })[] {
  return results.map((result, sequence) => {
    const loss = lossOf?.(sequence) ?? null;
    return loss === null ? result : { loss: loss.readItem(), ...result };
  });
}
