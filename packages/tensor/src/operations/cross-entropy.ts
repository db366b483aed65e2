import { differentiable, type Recorded } from "../autograd/tape.js";
import { IndexError, ShapeError, TensorError } from "../errors.js";
import { gradientsOf } from "../gradient-kernels.js";
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
  for (const index of target.data) {
    if (index !== ignoreIndex && (index < 0 || index >= classes)) {
      throw new IndexError("crossEntropy", "label", index, classes, `use ${ignoreIndex} to ignore a position`);
    }
  }
  const output = Tensor.allocate(x.backend, []);
  const sums = Tensor.allocate(x.backend, [rows, 2]);
  x.backend.logSumExp(x.matrix(), sums.matrix());
  const { offset, stride } = x.matrix();
  const values = x.array.data;
  const logSums = sums.data;
  const weights = classWeights ?? new Float32Array(classes).fill(1);
  const smooth = labelSmoothing / classes;
  const allWeights = Array.from(weights).reduce((sum, weight) => sum + weight, 0);
  let total = 0;
  let counted = 0;
  for (const [row, index] of target.data.entries()) {
    if (index === ignoreIndex) {
      continue;
    }
    const at = offset + row * stride;
    const weight = weights[index]!;
    const loss = (column: number) => logSums[2 * row]! - values[at + column]! + logSums[2 * row + 1]!;
    total += (1 - labelSmoothing) * weight * loss(index);
    if (labelSmoothing > 0) {
      for (let column = 0; column < classes; column++) {
        total += smooth * weights[column]! * loss(column);
      }
    }
    counted += weight;
  }
  output.data[0] = total / counted;
  const recorded = differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    if (gradient === null) {
      return () => undefined;
    }
    const [scores, logs, which] = [tape.save(x), tape.save(sums), tape.save(target)];
    return (outputGradient) => {
      const factor = outputGradient.storage.float32()[outputGradient.offset]! / counted;
      const factors = Tensor.from(
        x.backend,
        Array.from(which.data, (index) =>
          index === ignoreIndex ? 0 : factor * ((1 - labelSmoothing) * weights[index]! + smooth * allWeights),
        ),
        [rows, 1],
      );
      const to = gradient.fresh();
      gradientsOf(x.backend).accumulateSoftmax(scores.matrix(), logs.matrix(), factors.matrix(), to);
      factors.dispose();
      const into = to.storage.float32();
      for (const [row, index] of which.data.entries()) {
        if (index === ignoreIndex) {
          continue;
        }
        const at = to.offset + row * to.stride;
        into[at + index]! -= factor * (1 - labelSmoothing) * weights[index]!;
        if (labelSmoothing > 0) {
          for (let column = 0; column < classes; column++) {
            into[at + column]! -= factor * smooth * weights[column]!;
          }
        }
      }
    };
  });
  sums.dispose();
  return recorded;
}
