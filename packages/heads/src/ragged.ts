import type { FloatArray } from "@convbert/model";
import { sequenceRows } from "@convbert/model/internal";
import type { Tensor } from "@convbert/tensor";
import type { RaggedContext } from "./head.js";

/** What `forwardRagged` gives for each sequence. */
export interface RaggedLogits {
  /** As those of `forward` without the axis of the batch. */
  readonly logits: FloatArray;
}

/** One row for each sequence, `[channels]` each. */
export function eachRow(rows: Tensor<"float32">): RaggedLogits[] {
  return Array.from({ length: rows.extent(0) }, (_, row) => ({
    logits: rows
      .slice(0, row, row + 1)
      .reshape([-1])
      .toArray(),
  }));
}

/** The rows of each sequence's tokens, `[length, channels]` each. */
export function eachSequence(
  tokens: Tensor<"float32">,
  { encoded }: { readonly encoded: Pick<RaggedContext["encoded"], "sequences"> },
): RaggedLogits[] {
  return sequenceRows(tokens, encoded).map((logits) => ({ logits }));
}
