import type { GradientKernels } from "../../../gradient-kernels.js";
import type { GradientMatrix, Matrix } from "../../../operands.js";
import type { CrossEntropyArguments } from "../../../reduction-kernels.js";
import { numberIn, setNumber, type Workspace, withMatrix } from "./scratch.js";

/** Calls `visit` with the target and its class weight for every row that counts; returns the sum of these weights. */
function eachTarget(
  { targets, ignoreIndex, classWeights }: CrossEntropyArguments,
  visit: (row: number, target: number, weight: number) => void,
): number {
  const at = targets.storage.int32();
  let counted = 0;
  for (let row = 0; row < targets.columns; row++) {
    const target = at[targets.offset + row]!;
    if (target !== ignoreIndex) {
      const weight = classWeights?.[target] ?? 1;
      visit(row, target, weight);
      counted += weight;
    }
  }
  return counted;
}

export function crossEntropy(args: CrossEntropyArguments, output: Matrix): void {
  const { logits, logSums, classWeights, labelSmoothing } = args;
  const x = logits.storage.float32();
  const sums = logSums.storage.float32();
  const smooth = labelSmoothing / logits.columns;
  let total = 0;
  const counted = eachTarget(args, (row, target, weight) => {
    const at = logits.offset + row * logits.stride;
    const sumsAt = logSums.offset + row * logSums.stride;
    const loss = (column: number) => sums[sumsAt]! - x[at + column]! + sums[sumsAt + 1]!;
    total += (1 - labelSmoothing) * weight * loss(target);
    if (labelSmoothing > 0) {
      for (let column = 0; column < logits.columns; column++) {
        total += smooth * (classWeights?.[column] ?? 1) * loss(column);
      }
    }
  });
  setNumber(output, total / counted);
}

/** Of a row: the softmax times what all its classes count for, less what each of them counts for. */
export function crossEntropyGradient(
  workspace: Workspace,
  gradients: GradientKernels,
  args: CrossEntropyArguments,
  outputGradient: Matrix,
  gradient: GradientMatrix,
): void {
  const { logits, logSums, classWeights, labelSmoothing } = args;
  const smooth = labelSmoothing / logits.columns;
  let allWeights = 0;
  for (let column = 0; column < logits.columns; column++) {
    allWeights += classWeights?.[column] ?? 1;
  }
  const factor = numberIn(outputGradient) / eachTarget(args, () => undefined);
  const factors = new Float32Array(logits.rows);
  eachTarget(args, (row, _, weight) => {
    factors[row] = factor * ((1 - labelSmoothing) * weight + smooth * allWeights);
  });
  withMatrix(workspace, factors, 1, (matrix) => gradients.accumulateSoftmax(logits, logSums, matrix, gradient));
  const into = gradient.storage.float32();
  eachTarget(args, (row, target, weight) => {
    const at = gradient.offset + row * gradient.stride;
    into[at + target]! -= factor * (1 - labelSmoothing) * weight;
    if (labelSmoothing > 0) {
      for (let column = 0; column < logits.columns; column++) {
        into[at + column]! -= factor * smooth * (classWeights?.[column] ?? 1);
      }
    }
  });
}
