import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError, TensorError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";
import type { CrossEntropyOptions } from "./cross-entropy.js";

/**
 * Cross-entropy of softmax(x) with targets that say how likely each class is, averaged over the rows
 * (`torch.nn.CrossEntropyLoss` with probabilities, its `weight` and `label_smoothing`: unlike for classes, weights do not
 * change what the sum is divided by). Logits and float targets `[..., classes]`, result a scalar. Sums over rows are taken in
 * double precision.
 */
export function softCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  { classWeights = null, labelSmoothing = 0 }: Omit<CrossEntropyOptions, "ignoreIndex"> = {},
): Recorded<Tensor<"float32">> {
  const x = expectDType("softCrossEntropy", logits, "float32");
  const wanted = expectDType("softCrossEntropy", targets, "float32");
  const classes = x.extent(-1);
  const rows = x.size / classes;
  if (wanted.extent(-1) !== classes || wanted.size !== x.size) {
    throw new ShapeError("softCrossEntropy", `targets of shape [${x.shape.join(", ")}]`, wanted.shape);
  }
  if (classWeights !== null && classWeights.length !== classes) {
    throw new ShapeError("softCrossEntropy", `${classes} class weights`, [classWeights.length]);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new TensorError("softCrossEntropy", `labelSmoothing must lie between 0 and 1, got ${labelSmoothing}`);
  }
  const { backend } = x;
  const output = Tensor.allocate(backend, []);
  const sums = Tensor.allocate(backend, [rows, 2]);
  backend.logSumExp(x.matrix(), sums.matrix());
  const how = { classWeights, labelSmoothing };
  const from = { ...how, logits: x.matrix(), logSums: sums.matrix(), targets: wanted.matrix() };
  backend.reductions.softCrossEntropy(from, output.matrix());
  const recorded = differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const [scores, logs, likely] = [tape.save(x), tape.save(sums), tape.save(wanted)];
    return (outputGradient) => {
      if (gradient) {
        const saved = { ...how, logits: scores.matrix(), logSums: logs.matrix(), targets: likely.matrix() };
        gradientsOf(backend).reductions.softCrossEntropyGradient(saved, outputGradient, gradient.fresh());
      }
    };
  });
  sums.dispose();
  return recorded;
}
