import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/** Mean over all elements of `(x - y)²` (`torch.nn.MSELoss`). Two tensors of one shape, result a scalar. */
export function meanSquaredError(input: Tensor, targets: Tensor): Tensor<"float32"> {
  const x = expectDType("meanSquaredError", input, "float32").data;
  const y = expectDType("meanSquaredError", targets, "float32").data;
  if (x.length !== y.length) {
    throw new ShapeError("meanSquaredError", `targets of shape [${input.shape.join(", ")}]`, targets.shape);
  }
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += (x[i]! - y[i]!) ** 2;
  }
  return Tensor.from(input.backend, [total / x.length], []);
}
