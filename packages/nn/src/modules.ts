import {
  type ActivationKind,
  embedding,
  groupedLinear,
  layerNorm,
  linear,
  type PackedWeights,
  type Tensor,
} from "@convbert/tensor";
import { packedEmbedding } from "@convbert/tensor/internal";
import { int8Sequence, isInt8Sized, tableInt8Place } from "./int8-places.js";
import { transposed } from "./layouts.js";
import { type Place, packedPlace, reordered, type Scope, tensorPlace } from "./parameters.js";

/** `torch.nn.Linear`: weight `[out, in]`, bias `[out]`. */
export class Linear {
  readonly weights: PackedWeights;
  readonly bias: Tensor<"float32">;

  constructor(scope: Scope, inputSize: number, outputSize: number) {
    this.weights = scope.packed(outputSize, inputSize);
    scope.rows("weight", [outputSize, inputSize], this.weights, 0, outputSize);
    this.bias = scope.tensor("bias", [outputSize], "zeros");
  }

  forward(input: Tensor, activation: ActivationKind = "linear"): Tensor<"float32"> {
    return linear(input, this.weights, { bias: this.bias, activation });
  }
}

/**
 * The reference's `GroupedLinearLayer`: weight `[groups, in / groups, out / groups]`, bias `[out]`. The reference leaves
 * new ones as `torch.empty` gives them, whatever the memory held; here they start like every other linear map.
 */
export class GroupedLinear {
  readonly groups: readonly PackedWeights[];
  readonly bias: Tensor<"float32">;

  constructor(scope: Scope, inputSize: number, outputSize: number, groups: number) {
    const rows = outputSize / groups;
    const columns = inputSize / groups;
    this.groups = Array.from({ length: groups }, () => scope.packed(rows, columns));
    const places = this.groups.map((weights) =>
      reordered(
        packedPlace(scope.backend, weights, 0, rows),
        rows * columns,
        transposed(columns, rows),
        scope.store.scratch,
      ),
    );
    scope.place("weight", [groups, columns, rows], "normal", sequence(places, rows * columns));
    this.bias = scope.tensor("bias", [outputSize], "zeros");
  }

  forward(input: Tensor, activation: ActivationKind = "linear"): Tensor<"float32"> {
    return groupedLinear(input, this.groups, this.bias, activation);
  }
}

/** Equal parts of one tensor in places of their own. */
function sequence(places: readonly Place[], size: number): Place {
  return {
    write(offset, values) {
      for (let at = 0; at < values.length; ) {
        const part = Math.floor((offset + at) / size);
        const from = (offset + at) % size;
        const count = Math.min(size - from, values.length - at);
        places[part]!.write(from, values.subarray(at, at + count));
        at += count;
      }
    },
    read() {
      const result = new Float32Array(places.length * size);
      for (const [part, place] of places.entries()) {
        result.set(place.read(), part * size);
      }
      return result;
    },
    trainables: places.flatMap(({ trainables }) => trainables),
    in: (lookup) =>
      sequence(
        places.map((place) => place.in(lookup)),
        size,
      ),
    elements: () => places.flatMap((place) => place.elements()),
    int8: int8Sequence(
      places.map(({ int8 }) => int8),
      size,
    ),
  };
}

/** `torch.nn.LayerNorm` of the last axis, of a sum where a residual is given. */
export class LayerNorm {
  readonly weight: Tensor<"float32">;
  readonly bias: Tensor<"float32">;
  readonly #epsilon: number;

  constructor(scope: Scope, size: number, epsilon: number) {
    this.weight = scope.tensor("weight", [size], "ones");
    this.bias = scope.tensor("bias", [size], "zeros");
    this.#epsilon = epsilon;
  }

  forward(input: Tensor, residual: Tensor | null = null): Tensor<"float32"> {
    return layerNorm(input, this.weight, this.bias, this.#epsilon, residual);
  }
}

/**
 * `torch.nn.Embedding`: weight `[rows, size]`; the row of the padding index starts as zeros. Rows are looked up, or, for a
 * decoder tied to them, multiplied as well: then they live only as packed weights and a look-up unpacks the rows it needs,
 * so that the largest weight of a model is not held twice. An int8 model keeps the word embeddings packed as well, a scale
 * for each row.
 */
export class Embedding {
  /** The whole weight in the checkpoint's order. */
  readonly place: Place;
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
      this.place = packedPlace(scope.backend, weights, 0, rows);
      this.#lookup = (indices, what) => packedEmbedding(weights, indices, { what, paddingIndex: padded });
    } else {
      const table = scope.owned(rows, size);
      this.packed = null;
      this.place = { ...tensorPlace(table), int8: inInt8 ? tableInt8Place(table) : null };
      this.#lookup = (indices, what) => embedding(table, indices, { what, paddingIndex: padded });
    }
    this.release = () => scope.dispose();
    const initialiser = padded === null ? "normal" : ({ kind: "normal", zeroRow: padded } as const);
    scope.place("weight", [rows, size], initialiser, this.place);
  }

  /** `[...]` int32 indices, which must lie in the table, to `[..., size]`; `what` names them in an error. */
  forward(indices: Tensor, what: string): Tensor<"float32"> {
    return this.#lookup(indices, what);
  }
}
