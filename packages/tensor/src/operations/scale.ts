import { differentiable, type Recorded } from "../autograd/tape.js";
import { expectDType, Tensor } from "../tensor.js";

/** `factor * x`, shape kept. */
export function scale(input: Tensor, factor: number): Recorded<Tensor<"float32">> {
  const x = expectDType("scale", input, "float32");
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.gradients.accumulate(x.matrix(), factor, { ...output.matrix(), isFresh: true });
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    return (upstream) => {
      if (gradient) {
        x.backend.gradients.accumulate(upstream, factor, gradient.fresh());
      }
    };
  });
}
