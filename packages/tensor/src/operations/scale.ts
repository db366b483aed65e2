import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { expectDType, Tensor } from "../tensor.js";

/** `factor * x`, shape kept. */
export function scale(input: Tensor, factor: number): Recorded<Tensor<"float32">> {
  const x = expectDType("scale", input, "float32");
  const output = Tensor.allocate(x.backend, x.shape);
  const { backend } = x;
  if (backend.gradients !== undefined) {
    backend.gradients.accumulate(x.matrix(), factor, { ...output.matrix(), isFresh: true });
  } else {
    // Losses are scaled where nothing is trained, too.
    const row = Tensor.from(backend, new Float32Array(x.shape.at(-1) ?? 1).fill(factor));
    backend.binary("multiply", x.matrix(), row.matrix(), output.matrix());
    row.dispose();
  }
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    return (outputGradient) => {
      if (gradient) {
        gradientsOf(x.backend).accumulate(outputGradient, factor, gradient.fresh());
      }
    };
  });
}
