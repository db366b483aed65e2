import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Layer normalisation of the last axis, of a sum where a residual is given:
 * `y = (s - mean(s)) / sqrt(var(s) + epsilon) * weight + bias` with `s = x + residual` and the biased variance
 * (`torch.nn.LayerNorm`). x, residual and y `[..., size]`; weight and bias `[size]`.
 */
export function layerNorm(
  input: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
  residual: Tensor | null = null,
): Recorded<Tensor<"float32">> {
  const x = expectDType("layerNorm", input, "float32");
  const size = x.extent(-1);
  for (const parameter of [weight, bias]) {
    if (parameter.size !== size) {
      throw new ShapeError("layerNorm", `weight and bias of ${size} elements`, parameter.shape);
    }
  }
  if (residual !== null && residual.size !== x.size) {
    throw new ShapeError("layerNorm", `a residual of shape [${x.shape.join(", ")}]`, residual.shape);
  }
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.layerNorm(x.matrix(), residual?.matrix() ?? null, weight.matrix(), bias.matrix(), epsilon, output.matrix());
  return differentiable(output, (tape) => {
    const [ofInput, ofResidual, ofWeight, ofBias] = [x, residual, weight, bias].map(
      (part) => part && tape.tensor(part),
    );
    const [from, added, scale] = [x, residual, weight].map((part) => part && tape.save(part));
    return (outputGradient) => {
      gradientsOf(x.backend).layerNormGradient({
        input: from!.matrix(),
        residual: added?.matrix() ?? null,
        weight: scale!.matrix(),
        epsilon,
        outputGradient,
        inputGradient: ofInput?.fresh() ?? null,
        residualGradient: ofResidual?.fresh() ?? null,
        weightGradient: ofWeight?.() ?? null,
        biasGradient: ofBias?.() ?? null,
      });
    };
  });
}
