import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * `exp(x) / sum(exp(x))` over groups of `groupSize` adjacent elements of the last axis, by default the whole axis.
 * The largest element is subtracted first, so nothing overflows.
 */
export function softmax(input: Tensor, groupSize: number = input.extent(-1)): Recorded<Tensor<"float32">> {
  const x = expectDType("softmax", input, "float32");
  if (!(groupSize >= 1) || x.extent(-1) % groupSize !== 0) {
    throw new ShapeError("softmax", `a last axis divisible by the group size ${groupSize}`, x.shape);
  }
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.softmax(x.matrix(), groupSize, output.matrix());
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const result = gradient && tape.save(output);
    return (outputGradient) => {
      if (gradient && result) {
        gradientsOf(x.backend).softmaxGradient(result.matrix(), outputGradient, groupSize, gradient());
      }
    };
  });
}
