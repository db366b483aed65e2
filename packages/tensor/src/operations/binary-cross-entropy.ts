import { differentiable, type Recorded } from "../autograd/tape.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";
import { elementGradient } from "./element-gradient.js";

/**
 * Mean over all elements of `max(x, 0) - x·y + log(1 + exp(-|x|))`: binary cross-entropy of `sigmoid(x)` without
 * overflow (`torch.nn.BCEWithLogitsLoss`). Logits and float targets of one shape, result a scalar.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Recorded<Tensor<"float32">> {
  const tensor = expectDType("binaryCrossEntropy", logits, "float32");
  const wanted = expectDType("binaryCrossEntropy", targets, "float32");
  const x = tensor.data;
  const y = wanted.data;
  if (x.length !== y.length) {
    throw new ShapeError("binaryCrossEntropy", `targets of shape [${logits.shape.join(", ")}]`, targets.shape);
  }
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += Math.max(x[i]!, 0) - x[i]! * y[i]! + Math.log1p(Math.exp(-Math.abs(x[i]!)));
  }
  const output = Tensor.from(logits.backend, [total / x.length], []);
  return differentiable(output, (tape) => elementGradient(tape, tensor, wanted, (a, b) => 1 / (1 + Math.exp(-a)) - b));
}
