import type { ActivationKind } from "./activations.js";
import type { AttentionArguments } from "./attention-arguments.js";
import type { Dropout } from "./dropout.js";
import { BackendError } from "./errors.js";
import type { GradientMatrix, Matrix, PackedWeights, Sequences } from "./operands.js";
import type { ReductionGradients } from "./reduction-kernels.js";

/** Arguments of {@link GradientKernels.layerNormGradient}. */
export interface LayerNormGradientArguments {
  readonly input: Matrix;
  readonly residual: Matrix | null;
  readonly weight: Matrix;
  readonly epsilon: number;
  readonly outputGradient: Matrix;
  /** Gradients of what needs none are null. The input's and the residual's are the same numbers. */
  readonly inputGradient: GradientMatrix | null;
  readonly residualGradient: GradientMatrix | null;
  /** `[1, columns]`. */
  readonly weightGradient: Matrix | null;
  /** `[1, columns]`. */
  readonly biasGradient: Matrix | null;
}

/** Arguments of {@link GradientKernels.attentionGradient}: those of the forward pass, and the gradients. */
export interface AttentionGradientArguments extends Omit<AttentionArguments, "output" | "probabilities"> {
  readonly outputGradient: Matrix;
  readonly queryGradient: Matrix | null;
  readonly keyGradient: Matrix | null;
  readonly valueGradient: Matrix | null;
}

/** Arguments of {@link GradientKernels.adam}; all matrices have the parameter's extents, each its own stride. */
export interface AdamArguments {
  readonly parameter: Matrix;
  readonly gradient: Matrix;
  /** Running mean of the gradient. What falls below 1e-30 becomes 0: a CPU is some 50 times slower below 1e-38. */
  readonly mean: Matrix;
  /** Running mean of the squared gradient. What falls below 1e-36 becomes 0. */
  readonly variance: Matrix;
  /** Multiplies the gradient first (clipping, or an average over accumulated batches). */
  readonly gradientScale: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** `lr / (1 - beta1^t)`. */
  readonly stepSize: number;
  /** `sqrt(1 - beta2^t)`. */
  readonly varianceCorrection: number;
  /** AdamW's: the parameter is multiplied by this before the update, `1 - lr * weight_decay`. */
  readonly decay: number;
  /** Adam's: this times the parameter is added to the gradient. */
  readonly l2: number;
}

/**
 * The kernels of training. All gradients are **added** to what their matrix holds, unless it is a fresh
 * {@link GradientMatrix}; a kernel that takes a plain matrix always adds. Like the forward kernels they take
 * any strides, trust the shapes, and give the same bits for any number of threads. The reference backend defines them.
 */
export interface GradientKernels {
  /** `gradient += outputGradient · weights`: `[tokens, out] · [out, in]`. Float32 weights only. */
  linearInputGradient(outputGradient: Matrix, weights: PackedWeights, gradient: GradientMatrix): void;
  /** `gradient += outputGradientᵀ · input`: `[out, tokens] · [tokens, in]`, in the layout of packed float32 weights. */
  linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: PackedWeights): void;
  /** `gradient[0, c] += Σ_r input[r, c]`. */
  sumRows(input: Matrix, gradient: Matrix): void;
  /** `gradient += factor * input`; an input of one row repeats for every row of the gradient. */
  accumulate(input: Matrix, factor: number, gradient: GradientMatrix): void;
  /** `gradient += left * right`, element by element; `right` of one row repeats for every row. */
  accumulateProduct(left: Matrix, right: Matrix, gradient: Matrix): void;
  /** `gradient += outputGradient * f'(input)`, `input` being what the activation was applied to. */
  activateGradient(kind: ActivationKind, input: Matrix, outputGradient: Matrix, gradient: GradientMatrix): void;
  layerNormGradient(args: LayerNormGradientArguments): void;
  /** Of a softmax over groups of `groupSize` columns: `gradient += p * (outputGradient - Σ p * outputGradient)`. */
  softmaxGradient(output: Matrix, outputGradient: Matrix, groupSize: number, gradient: Matrix): void;
  /**
   * `gradient[r, c] += factors[r] * exp(input[r, c] - logSums[r, 0] - logSums[r, 1])`, `logSums [rows, 2]` as `logSumExp`
   * gives them, `factors [rows, 1]`; rows of factor 0 are skipped.
   */
  accumulateSoftmax(input: Matrix, logSums: Matrix, factors: Matrix, gradient: GradientMatrix): void;
  /** `gradient[indices[i]] += outputGradient[i]`, rows in order; index `skip` adds nothing (-1: all add). */
  scatterRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: Matrix): void;
  /** The same into the gradient of packed weights, `weights.rows` being the table's. */
  scatterPackedRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: PackedWeights): void;
  depthwiseConvolutionGradient(
    input: Matrix,
    kernel: Matrix,
    sequences: Sequences,
    outputGradient: Matrix,
    inputGradient: Matrix | null,
    kernelGradient: Matrix | null,
  ): void;
  dynamicConvolutionGradient(
    values: Matrix,
    kernels: Matrix,
    heads: number,
    sequences: Sequences,
    outputGradient: Matrix,
    valuesGradient: Matrix | null,
    kernelsGradient: Matrix | null,
  ): void;
  attentionGradient(args: AttentionGradientArguments): void;
  /** Of `Backend.reductions`. */
  readonly reductions: ReductionGradients;
  /** `output = dropped(input)`, elements numbered `row * columns + column`. May write over its input. */
  dropout(input: Matrix, dropout: Dropout, output: Matrix): void;
  /** `gradient += dropped(outputGradient)`. */
  dropoutGradient(outputGradient: Matrix, dropout: Dropout, gradient: GradientMatrix): void;

  /** All elements of packed float32 rows as matrices over their block, for kernels that go element by element. */
  packedElements(weights: PackedWeights, firstRow: number, rows: number): Matrix[];
  /** Sets every element. */
  fill(output: Matrix, value: number): void;
  /** `Σ x²`, in double precision, the same for any number of threads. */
  sumOfSquares(input: Matrix): number;
  /** One step of Adam or AdamW in place, as `torch.optim` takes it. */
  adam(args: AdamArguments): void;
}

/** Throws BackendError for int8 weights, through which no gradient goes. */
export function expectFloat32(kernel: string, weights: PackedWeights): void {
  if (weights.dtype !== "float32") {
    throw new BackendError(
      kernel,
      `training needs float32 weights, these are ${weights.dtype}: load the model as float32`,
    );
  }
}
