import type { GradientMatrix, Matrix, Sequences } from "./operands.js";

/** What cross-entropies are made of. */
interface EntropyArguments {
  /** `[rows, classes]`. */
  readonly logits: Matrix;
  /** `[rows, 2]`, what `logSumExp` makes of the logits. */
  readonly logSums: Matrix;
  /** A weight for each class; all count alike without. */
  readonly classWeights: ArrayLike<number> | null;
  /** This part of each target is spread evenly over all classes, in [0, 1]. */
  readonly labelSmoothing: number;
}

/** Arguments of {@link ReductionKernels.crossEntropy}. */
export interface CrossEntropyArguments extends EntropyArguments {
  /** int32 `[1, rows]`: classes. */
  readonly targets: Matrix;
  /** Rows with this target do not count. */
  readonly ignoreIndex: number;
}

/** Arguments of {@link ReductionKernels.softCrossEntropy}. */
export interface SoftCrossEntropyArguments extends EntropyArguments {
  /** `[rows, classes]`: how likely each class is. */
  readonly targets: Matrix;
}

/**
 * Losses, and what sentence vectors and their comparison need: few numbers from many, summed in double precision. A single
 * number is an output of `[1, 1]`.
 */
export interface ReductionKernels {
  /** Mean of all elements; NaN for none. */
  mean(input: Matrix, output: Matrix): void;
  /** Mean over all elements of `(x - y)²`; input and targets have the same extents. */
  squaredError(input: Matrix, targets: Matrix, output: Matrix): void;
  /** Mean over all elements of `max(x, 0) - x·y + log(1 + exp(-|x|))`; logits and targets have the same extents. */
  binaryCrossEntropy(logits: Matrix, targets: Matrix, output: Matrix): void;
  /** Mean over the rows that count of `logSum - logit[target]`, with class weights a weighted one; NaN when none counts. */
  crossEntropy(args: CrossEntropyArguments, output: Matrix): void;
  /** Mean over all rows of `Σ_c target[c] · weight[c] · (logSum - logit[c])`. */
  softCrossEntropy(args: SoftCrossEntropyArguments, output: Matrix): void;
  /** Dot product of each row of `left` with the same row of `right` into `output [1, rows]`. */
  rowDots(left: Matrix, right: Matrix, output: Matrix): void;
  /** `output = left · rightᵀ`: `[n, size]`, `[m, size]` to `[n, m]`. */
  rowProducts(left: Matrix, right: Matrix, output: Matrix): void;
  /** Each row divided by its length, or by 1e-12 where it is shorter. */
  normalizeRows(input: Matrix, output: Matrix): void;
  /** Mean over the tokens of each sequence: `[tokens, size]` to `[sequences, size]`. */
  sequenceMean(input: Matrix, sequences: Sequences, output: Matrix): void;
  /** The largest over the tokens of each sequence, and which token's it is, int32, of equals the first. */
  sequenceMax(input: Matrix, sequences: Sequences, output: Matrix, tokens: Matrix): void;
}

/** The gradients of {@link ReductionKernels} that others do not serve for; they add, as all gradients do. `outputGradient` has the output's extents. */
export interface ReductionGradients {
  meanGradient(outputGradient: Matrix, gradient: Matrix): void;
  /** Of the input. */
  squaredErrorGradient(input: Matrix, targets: Matrix, outputGradient: Matrix, gradient: Matrix): void;
  /** Of the logits. */
  binaryCrossEntropyGradient(logits: Matrix, targets: Matrix, outputGradient: Matrix, gradient: Matrix): void;
  /** Of the logits. */
  crossEntropyGradient(args: CrossEntropyArguments, outputGradient: Matrix, gradient: GradientMatrix): void;
  /** Of the logits. */
  softCrossEntropyGradient(args: SoftCrossEntropyArguments, outputGradient: Matrix, gradient: GradientMatrix): void;
  /** Of one side, `other` being the other. */
  rowDotsGradient(other: Matrix, outputGradient: Matrix, gradient: Matrix): void;
  /** Gradients of what needs none are null. */
  rowProductsGradient(
    left: Matrix,
    right: Matrix,
    outputGradient: Matrix,
    leftGradient: GradientMatrix | null,
    rightGradient: GradientMatrix | null,
  ): void;
  normalizeRowsGradient(input: Matrix, output: Matrix, outputGradient: Matrix, gradient: Matrix): void;
  /** `tokens` as the forward kernel gave them. */
  sequenceMaxGradient(tokens: Matrix, outputGradient: Matrix, gradient: Matrix): void;
}
