import type { ActivationKind } from "../activations.js";
import { differentiable, flatRow, isRecording, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import type { Matrix, PackedWeights } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { activate } from "./activate.js";

/**
 * Grouped affine map of the last axis (ConvBERT paper, section 3.3; the reference's `GroupedLinearLayer`): group `g`
 * maps its own `in / groups` inputs to its own `out / groups` outputs, `y_g = activation(x_g W_gᵀ + b_g)`.
 * x `[..., in]`, one W `[out / groups, in / groups]` a group, b `[out]`, y `[..., out]`.
 */
export function groupedLinear(
  input: Tensor,
  groups: readonly PackedWeights[],
  bias: Tensor,
  activation: ActivationKind = "linear",
): Recorded<Tensor<"float32">> {
  const x = expectDType("groupedLinear", input, "float32");
  const inputSize = groups.reduce((sum, weights) => sum + weights.columns, 0);
  const outputSize = groups.reduce((sum, weights) => sum + weights.rows, 0);
  if (x.extent(-1) !== inputSize) {
    throw new ShapeError("groupedLinear", `a last axis of ${inputSize}, ${groups.length} groups together`, x.shape);
  }
  if (bias.size !== outputSize) {
    throw new ShapeError("groupedLinear", `a bias of ${outputSize} elements`, bias.shape);
  }
  if (activation !== "linear" && isRecording()) {
    return activate(groupedLinear(x, groups, bias), activation);
  }
  const output = Tensor.allocate(x.backend, x.shape.with(-1, outputSize));
  const from = x.matrix();
  const to = output.matrix();
  const shift = bias.matrix();
  let inputAt = 0;
  let outputAt = 0;
  for (const weights of groups) {
    x.backend.linear(
      { ...from, offset: from.offset + inputAt, columns: weights.columns },
      weights,
      { ...shift, offset: shift.offset + outputAt, columns: weights.rows },
      activation,
      { ...to, offset: to.offset + outputAt, columns: weights.rows },
    );
    inputAt += weights.columns;
    outputAt += weights.rows;
  }
  return differentiable(output, (tape) => {
    const gradients = gradientsOf(x.backend);
    const inputGradient = tape.tensor(x);
    const weightGradients = groups.map((weights) => tape.packed(weights));
    const biasGradient = tape.tensor(bias);
    const from = weightGradients.some((target) => target !== null) ? tape.save(x) : null;
    return (outputGradient) => {
      let inputAt = 0;
      let outputAt = 0;
      for (const [group, weights] of groups.entries()) {
        const part = { ...outputGradient, offset: outputGradient.offset + outputAt, columns: weights.rows };
        const columns = (matrix: Matrix) => ({
          ...matrix,
          offset: matrix.offset + inputAt,
          columns: weights.columns,
        });
        if (inputGradient) {
          gradients.linearInputGradient(part, weights, columns(inputGradient()));
        }
        const weightGradient = weightGradients[group];
        if (weightGradient && from) {
          gradients.linearWeightGradient(columns(from.matrix()), part, weightGradient());
        }
        inputAt += weights.columns;
        outputAt += weights.rows;
      }
      if (biasGradient) {
        gradients.sumRows(outputGradient, flatRow(biasGradient()));
      }
    };
  });
}
