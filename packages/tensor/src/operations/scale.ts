import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../gradient-kernels.js";
import { expectDType, Tensor } from "../tensor.js";

/** `factor * x`, shape kept. */
export function scale(input: Tensor, factor: number): Recorded<Tensor<"float32">> {
  const x = expectDType("scale", input, "float32");
  const output = Tensor.allocate(x.backend, x.shape);
  gradientsOf(x.backend).accumulate(x.matrix(), factor, { ...output.matrix(), isFresh: true });
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    return (outputGradient) => {
      if (gradient) {
        gradientsOf(x.backend).accumulate(outputGradient, factor, gradient.fresh());
      }
    };
  });
}
