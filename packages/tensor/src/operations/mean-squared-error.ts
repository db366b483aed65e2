import type { Recorded } from "../autograd/tape.js";
import type { Tensor } from "../tensor.js";
import { elementLoss } from "./element-loss.js";

/** Mean over all elements of `(x - y)²` (`torch.nn.MSELoss`). Two tensors of one shape, result a scalar. */
export function meanSquaredError(input: Tensor, targets: Tensor): Recorded<Tensor<"float32">> {
  return elementLoss("meanSquaredError", "squaredError", input, targets);
}
