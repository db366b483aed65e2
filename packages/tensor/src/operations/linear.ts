import type { ActivationKind } from "../activations.js";
import {
  differentiable,
  flatRow,
  type GradientRule,
  isRecording,
  type Recorded,
  type Recording,
} from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import type { PackedWeights } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { activate } from "./activate.js";

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
export function linear(
  input: Tensor,
  weights: PackedWeights,
  options: LinearOptions = {},
): Recorded<Tensor<"float32">> {
  const x = expectDType("linear", input, "float32");
  if (x.extent(-1) !== weights.columns) {
    throw new ShapeError("linear", `a last axis of ${weights.columns}, the weights' in_features`, x.shape);
  }
  const { bias = null, activation = "linear" } = options;
  if (bias !== null && bias.size !== weights.rows) {
    throw new ShapeError("linear", `a bias of ${weights.rows} elements`, bias.shape);
  }
  if (activation !== "linear" && isRecording()) {
    // The activation's rule needs what it was applied to, which the fused kernel never stores.
    return activate(linear(x, weights, { bias }), activation);
  }
  const output = Tensor.allocate(x.backend, x.shape.with(-1, weights.rows));
  x.backend.linear(x.matrix(), weights, bias?.matrix() ?? null, activation, output.matrix());
  return differentiable(output, (tape) => linearRule(tape, x, weights, bias));
}

/** `dx += dy W`, `dW += dyᵀ x`, `db += Σ dy`. */
function linearRule(tape: Recording, x: Tensor, weights: PackedWeights, bias: Tensor | null): GradientRule {
  const gradients = gradientsOf(x.backend);
  const inputGradient = tape.tensor(x);
  const weightGradient = tape.packed(weights);
  const biasGradient = bias && tape.tensor(bias);
  const from = weightGradient && tape.save(x);
  return (outputGradient) => {
    if (inputGradient) {
      gradients.linearInputGradient(outputGradient, weights, inputGradient.fresh());
    }
    if (weightGradient && from) {
      gradients.linearWeightGradient(from.matrix(), outputGradient, weightGradient());
    }
    if (biasGradient) {
      gradients.sumRows(outputGradient, flatRow(biasGradient()));
    }
  };
}
