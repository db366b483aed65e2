import { embedding, type PackedWeights, type Tensor } from "@convbert/tensor";
import { packedEmbedding } from "@convbert/tensor/internal";
import { isInt8Sized, tableInt8Slot } from "./int8-slots.js";
import type { Scope } from "./scope.js";
import { packedSlot, type Slot, tensorSlot } from "./slots.js";

/**
 * `torch.nn.Embedding`: weight `[rows, size]`; the row of the padding index starts as zeros. Rows are looked up, or, for a
 * decoder tied to them, multiplied as well: then they live only as packed weights and a look-up unpacks the rows it needs,
 * so that the largest weight of a model is not held twice. An int8 model keeps the word embeddings packed as well, a scale
 * for each row.
 */
export class Embedding {
  /** The whole weight in the checkpoint's order. */
  readonly slot: Slot;
  /** The weight as a decoder's matrix product reads it; null for an embedding that is only looked up. */
  readonly packed: PackedWeights | null;
  readonly #lookup: (indices: Tensor, what: string) => Tensor<"float32">;
  /** Gives back the weight's memory when the embedding is replaced. */
  readonly release: () => void;

  /**
   * The scope must own the weight alone ({@link Scope.owning}) where it is to be released. `packed`: a decoder multiplies
   * by it. `quantized`: 8-bit integers in an int8 model.
   */
  constructor(
    scope: Scope,
    rows: number,
    size: number,
    {
      padding = null,
      packed = false,
      quantized = false,
    }: { padding?: number | null; packed?: boolean; quantized?: boolean } = {},
  ) {
    const padded = padding === null ? null : (padding + rows) % rows;
    const inInt8 = quantized && isInt8Sized(rows, size);
    if (packed || (inInt8 && scope.store.dtype === "int8")) {
      const weights = scope.packed(rows, size);
      this.packed = packed ? weights : null;
      this.slot = packedSlot(scope.backend, weights, 0, rows);
      this.#lookup = (indices, what) => packedEmbedding(weights, indices, { what, paddingIndex: padded });
    } else {
      const table = scope.owned(rows, size);
      this.packed = null;
      this.slot = { ...tensorSlot(table), int8: inInt8 ? tableInt8Slot(table) : null };
      this.#lookup = (indices, what) => embedding(table, indices, { what, paddingIndex: padded });
    }
    this.release = () => scope.dispose();
    const initialiser = padded === null ? "normal" : ({ kind: "normal", zeroRow: padded } as const);
    scope.slot("weight", [rows, size], initialiser, this.slot);
  }

  /** `[...]` int32 indices, which must lie in the table, to `[..., size]`; `what` names them in an error. */
  forward(indices: Tensor, what: string): Tensor<"float32"> {
    return this.#lookup(indices, what);
  }
}
