import type { GradientKernels } from "../../../gradient-kernels.js";
import type { GradientMatrix, Matrix } from "../../../operands.js";
import type { SoftCrossEntropyArguments } from "../../../reduction-kernels.js";
import { numberIn, setNumber, type Workspace, withMatrix } from "./scratch.js";

/** Calls `visit` with what each class counts for in each row, with its weight and smoothing. */
function eachShare(
  { targets, logits, classWeights, labelSmoothing }: SoftCrossEntropyArguments,
  visit: (row: number, column: number, share: number) => void,
): void {
  const probabilities = targets.storage.float32();
  for (let row = 0; row < logits.rows; row++) {
    for (let column = 0; column < logits.columns; column++) {
      const probability = probabilities[targets.offset + row * targets.stride + column]!;
      const weight = classWeights?.[column] ?? 1;
      visit(row, column, weight * ((1 - labelSmoothing) * probability + labelSmoothing / logits.columns));
    }
  }
}

export function softCrossEntropy(args: SoftCrossEntropyArguments, output: Matrix): void {
  const { logits, logSums } = args;
  const x = logits.storage.float32();
  const sums = logSums.storage.float32();
  let total = 0;
  eachShare(args, (row, column, share) => {
    // Nothing of an impossible class, however small its probability is: 0 times infinity is not a number.
    if (share !== 0) {
      const sumsAt = logSums.offset + row * logSums.stride;
      total += share * (sums[sumsAt]! - x[logits.offset + row * logits.stride + column]! + sums[sumsAt + 1]!);
    }
  });
  setNumber(output, total / logits.rows);
}

export function softCrossEntropyGradient(
  workspace: Workspace,
  gradients: GradientKernels,
  args: SoftCrossEntropyArguments,
  outputGradient: Matrix,
  gradient: GradientMatrix,
): void {
  const { logits, logSums } = args;
  const factor = numberIn(outputGradient) / logits.rows;
  const rowShares = new Float64Array(logits.rows);
  eachShare(args, (row, _, share) => {
    rowShares[row]! += share;
  });
  const factors = Float32Array.from(rowShares, (sum) => factor * sum);
  withMatrix(workspace, factors, 1, (matrix) => gradients.accumulateSoftmax(logits, logSums, matrix, gradient));
  const into = gradient.storage.float32();
  eachShare(args, (row, column, share) => {
    into[gradient.offset + row * gradient.stride + column]! -= factor * share;
  });
}
