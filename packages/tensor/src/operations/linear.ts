import type { ActivationKind } from "../activations.js";
import type { PackedWeights } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

export interface LinearOptions {
  /** `[out]`. */
  readonly bias?: Tensor | null;
  /** Applied to the result in the same pass. */
  readonly activation?: ActivationKind;
}

/**
 * Affine map of the last axis: `y = activation(x Wᵀ + b)`, x `[..., in]`, W `[out, in]`, y `[..., out]`
 * (`torch.nn.Linear`; also the pointwise convolution, whose kernel has one tap).
 */
export function linear(input: Tensor, weights: PackedWeights, options: LinearOptions = {}): Tensor<"float32"> {
  const x = expectDType("linear", input, "float32");
  if (x.extent(-1) !== weights.columns) {
    throw new ShapeError("linear", `a last axis of ${weights.columns}, the weights' in_features`, x.shape);
  }
  const { bias = null, activation = "linear" } = options;
  if (bias !== null && bias.size !== weights.rows) {
    throw new ShapeError("linear", `a bias of ${weights.rows} elements`, bias.shape);
  }
  const output = Tensor.allocate(x.backend, x.shape.with(-1, weights.rows));
  x.backend.linear(x.matrix(), weights, bias?.matrix() ?? null, activation, output.matrix());
  return output;
}
