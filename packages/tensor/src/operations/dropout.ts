import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import type { Dropout } from "../dropout.js";
import { TensorError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Sets elements to zero with a probability of `rate` and scales the others by `1 / (1 - rate)` ("Dropout", Srivastava et
 * al. 2014; `torch.nn.functional.dropout`). Which ones is a function of the seed and an element's number alone.
 */
export function dropout(input: Tensor, options: Dropout): Recorded<Tensor<"float32">> {
  const x = expectDType("dropout", input, "float32");
  if (!(options.rate >= 0 && options.rate < 1)) {
    throw new TensorError("dropout", `the rate must be at least 0 and below 1, got ${options.rate}`);
  }
  const output = Tensor.allocate(x.backend, x.shape);
  gradientsOf(x.backend).dropout(x.matrix(), options, output.matrix());
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    return (outputGradient) => {
      if (gradient) {
        gradientsOf(x.backend).dropoutGradient(outputGradient, options, gradient.fresh());
      }
    };
  });
}
