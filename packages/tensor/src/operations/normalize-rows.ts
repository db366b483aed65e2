import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Rows of length 1: `y = x / max(|x|, 1e-12)`, over the last axis (`torch.nn.functional.normalize`). Lengths are taken in
 * double precision.
 */
export function normalizeRows(input: Tensor): Recorded<Tensor<"float32">> {
  const x = expectDType("normalizeRows", input, "float32");
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.reductions.normalizeRows(x.matrix(), output.matrix());
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const [from, result] = [gradient && tape.save(x), gradient && tape.save(output)];
    return (outputGradient) => {
      if (gradient && from && result) {
        const { reductions } = gradientsOf(x.backend);
        reductions.normalizeRowsGradient(from.matrix(), result.matrix(), outputGradient, gradient());
      }
    };
  });
}
