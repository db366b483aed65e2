import {
  type ActivationKind,
  activationKind,
  embedding,
  groupedLinear,
  layerNorm,
  linear,
  type PackedWeights,
  type Tensor,
} from "@convbert/tensor";
import type { ConvBertConfig } from "./config.js";
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
      reordered(packedPlace(scope.backend, weights, 0, rows), rows * columns, transposed(columns, rows)),
    );
    scope.place("weight", [groups, columns, rows], "normal", sequence(places, rows * columns));
    this.bias = scope.tensor("bias", [outputSize], "zeros");
  }

  forward(input: Tensor, activation: ActivationKind = "linear"): Tensor<"float32"> {
    return groupedLinear(input, this.groups, this.bias, activation);
  }
}

/** A linear map of the feed-forward block: grouped where the configuration says so. */
export function feedForwardLinear(scope: Scope, config: ConvBertConfig, from: number, to: number) {
  return config.num_groups === 1 ? new Linear(scope, from, to) : new GroupedLinear(scope, from, to, config.num_groups);
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

/** `torch.nn.Embedding`: weight `[rows, size]`; the row of the padding index starts as zeros. */
export class Embedding {
  readonly table: Tensor<"float32">;
  /** Copies that are written along with the table, such as the packed weights of a tied decoder. */
  readonly #followers: Place[] = [];
  readonly place: Place;
  /** Gives back the table's memory when the embedding is replaced. */
  readonly release: () => void;

  /** The scope must own the table alone ({@link Scope.owning}) where it is to be released. */
  constructor(scope: Scope, rows: number, size: number, padding: number | null = null) {
    const own = scope.owned(rows, size);
    this.table = own;
    this.release = () => scope.dispose();
    const table = tensorPlace(own);
    this.place = {
      write: (offset, values) => {
        table.write(offset, values);
        for (const follower of this.#followers) {
          follower.write(offset, values);
        }
      },
      read: table.read,
    };
    const initialiser = padding === null ? "normal" : ({ kind: "normal", zeroRow: (padding + rows) % rows } as const);
    scope.place("weight", [rows, size], initialiser, this.place);
  }

  /** From now on `place` gets everything that is written to the table. */
  follow(place: Place): void {
    this.#followers.push(place);
  }

  forward(indices: Tensor, what: string): Tensor<"float32"> {
    return embedding(this.table, indices, what);
  }
}

/** The kernel function behind the configuration's `hidden_act`. */
export function hiddenActivation(config: ConvBertConfig): ActivationKind {
  return activationKind(config.hidden_act);
}
