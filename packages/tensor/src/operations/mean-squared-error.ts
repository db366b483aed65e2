import { differentiable, type Recorded } from "../autograd/tape.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";
import { elementGradient } from "./element-gradient.js";

/** Mean over all elements of `(x - y)²` (`torch.nn.MSELoss`). Two tensors of one shape, result a scalar. */
export function meanSquaredError(input: Tensor, targets: Tensor): Recorded<Tensor<"float32">> {
  const tensor = expectDType("meanSquaredError", input, "float32");
  const wanted = expectDType("meanSquaredError", targets, "float32");
  const x = tensor.data;
  const y = wanted.data;
  if (x.length !== y.length) {
    throw new ShapeError("meanSquaredError", `targets of shape [${input.shape.join(", ")}]`, targets.shape);
  }
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += (x[i]! - y[i]!) ** 2;
  }
  const output = Tensor.from(input.backend, [total / x.length], []);
  return differentiable(output, (tape) => elementGradient(tape, tensor, wanted, (a, b) => 2 * (a - b)));
}
