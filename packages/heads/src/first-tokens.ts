import type { Encoded } from "@convbert/model/internal";
import { embedding, Tensor } from "@convbert/tensor";

/** The hidden state of each sequence's first token, `[sequences, hidden_size]` (`hidden_states[:, 0]`). */
export function firstTokens({
  lastHiddenState,
  sequences,
}: Pick<Encoded, "lastHiddenState" | "sequences">): Tensor<"float32"> {
  return selectTokens(lastHiddenState, sequences.offsets.slice(0, -1));
}

/** The hidden state of each sequence's last position, padding included (`hidden_states[:, -1]`). */
export function lastTokens({ lastHiddenState, sequences }: Encoded): Tensor<"float32"> {
  return selectTokens(
    lastHiddenState,
    sequences.offsets.slice(1).map((end) => end - 1),
  );
}

/** Rows of `[tokens, hidden_size]`. */
export function selectTokens(hidden: Tensor<"float32">, rows: readonly number[]): Tensor<"float32"> {
  return embedding(hidden, Tensor.from(hidden.backend, rows, [rows.length], "int32"), { what: "token" });
}
