import { layerNorm, type Tensor } from "@convbert/tensor";
import type { Scope } from "./scope.js";

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
