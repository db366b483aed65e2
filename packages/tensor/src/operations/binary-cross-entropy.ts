import type { Recorded } from "../autograd/tape.js";
import type { Tensor } from "../tensor.js";
import { elementLoss } from "./element-loss.js";

/**
 * Mean over all elements of `max(x, 0) - x·y + log(1 + exp(-|x|))`: binary cross-entropy of `sigmoid(x)` without
 * overflow (`torch.nn.BCEWithLogitsLoss`). Logits and float targets of one shape, result a scalar.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Recorded<Tensor<"float32">> {
  return elementLoss("binaryCrossEntropy", "binaryCrossEntropy", logits, targets);
}
