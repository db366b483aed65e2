import { type ActivationKind, linear, type PackedWeights, type Tensor } from "@convbert/tensor";
import type { Scope } from "./scope.js";

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
