import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { expectDType, Tensor } from "../tensor.js";

/** Mean of all elements (`torch.mean`), a scalar; summed in double precision. NaN for none. */
export function mean(input: Tensor): Recorded<Tensor<"float32">> {
  const x = expectDType("mean", input, "float32");
  const output = Tensor.allocate(x.backend, []);
  x.backend.reductions.mean(x.matrix(), output.matrix());
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    return (outputGradient) => {
      if (gradient) {
        gradientsOf(x.backend).reductions.meanGradient(outputGradient, gradient());
      }
    };
  });
}
