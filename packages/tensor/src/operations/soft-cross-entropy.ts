import { differentiable, type Recorded } from "../autograd/tape.js";
import { ShapeError, TensorError } from "../errors.js";
import { gradientsOf } from "../gradient-kernels.js";
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
  const sums = Tensor.allocate(x.backend, [rows, 2]);
  x.backend.logSumExp(x.matrix(), sums.matrix());
  const { offset, stride } = x.matrix();
  const values = x.array.data;
  const logSums = sums.data;
  // What each class counts for in each row, with weights and smoothing, and the sum of a row.
  const shares = Float64Array.from(wanted.data, (probability, i) => {
    const weight = classWeights === null ? 1 : classWeights[i % classes]!;
    return weight * ((1 - labelSmoothing) * probability + labelSmoothing / classes);
  });
  const rowSums = new Float64Array(rows);
  let total = 0;
  for (const [i, share] of shares.entries()) {
    const row = Math.floor(i / classes);
    rowSums[row]! += share;
    const value = values[offset + row * stride + (i % classes)]!;
    // Nothing of an impossible class, however small its probability is: 0 times infinity is not a number.
    if (share !== 0) total += share * (logSums[2 * row]! - value + logSums[2 * row + 1]!);
  }
  const output = Tensor.from(x.backend, [total / rows], []);
  const recorded = differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    if (gradient === null) return () => undefined;
    const [scores, logs] = [tape.save(x), tape.save(sums)];
    return (outputGradient) => {
      const factor = outputGradient.storage.float32()[outputGradient.offset]! / rows;
      const factors = Tensor.from(
        x.backend,
        Array.from(rowSums, (sum) => factor * sum),
        [rows, 1],
      );
      const to = gradient.fresh();
      gradientsOf(x.backend).accumulateSoftmax(scores.matrix(), logs.matrix(), factors.matrix(), to);
      factors.dispose();
      const into = to.storage.float32();
      for (const [i, share] of shares.entries()) {
        into[to.offset + Math.floor(i / classes) * to.stride + (i % classes)]! -= factor * share;
      }
    };
  });
  sums.dispose();
  return recorded;
}
