import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { IndexError, ShapeError, TensorError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

export interface CrossEntropyOptions {
  /** Rows with this target do not count; -100 by default. */
  readonly ignoreIndex?: number;
  /** A weight for each class; the mean is then a weighted one. */
  readonly classWeights?: ArrayLike<number> | null;
  /** This part of the target is spread evenly over all classes, in [0, 1]. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy of softmax(x) with class targets, averaged over the rows that count; NaN when none does
 * (`torch.nn.CrossEntropyLoss` with its `weight`, `ignore_index` and `label_smoothing`). Logits `[..., classes]`, int32
 * targets `[...]`, result a scalar. Sums over rows are taken in double precision.
 * Throws IndexError for a target that is no class.
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { ignoreIndex = -100, classWeights = null, labelSmoothing = 0 }: CrossEntropyOptions = {},
): Recorded<Tensor<"float32">> {
  const x = expectDType("crossEntropy", logits, "float32");
  const target = expectDType("crossEntropy", targets, "int32");
  const classes = x.extent(-1);
  const rows = target.size;
  if (x.size !== rows * classes) {
    throw new ShapeError("crossEntropy", `one target for each row of logits [${x.shape.join(", ")}]`, target.shape);
  }
  if (classWeights !== null && classWeights.length !== classes) {
    throw new ShapeError("crossEntropy", `${classes} class weights`, [classWeights.length]);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new TensorError("crossEntropy", `labelSmoothing must lie between 0 and 1, got ${labelSmoothing}`);
  }
  const { backend } = x;
  // Targets that the processor does not see are left to who made them.
  for (const index of backend.transfer === undefined ? target.data : []) {
    if (index !== ignoreIndex && (index < 0 || index >= classes)) {
      throw new IndexError("crossEntropy", "label", index, classes, `use ${ignoreIndex} to ignore a position`);
    }
  }
  const flat = target.reshape([rows]);
  const output = Tensor.allocate(backend, []);
  const sums = Tensor.allocate(backend, [rows, 2]);
  backend.logSumExp(x.matrix(), sums.matrix());
  const how = { ignoreIndex, classWeights, labelSmoothing };
  const from = { ...how, logits: x.matrix(), logSums: sums.matrix(), targets: flat.matrix() };
  backend.reductions.crossEntropy(from, output.matrix());
  const recorded = differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const [scores, logs, which] = [tape.save(x), tape.save(sums), tape.save(flat)];
    return (outputGradient) => {
      if (gradient) {
        const saved = { ...how, logits: scores.matrix(), logSums: logs.matrix(), targets: which.matrix() };
        gradientsOf(backend).reductions.crossEntropyGradient(saved, outputGradient, gradient.fresh());
      }
    };
  });
  sums.dispose();
  flat.dispose();
  return recorded;
}
