import type { ActivationKind } from "../../activations.js";
import type { Backend } from "../../backend.js";
import type { Dropout } from "../../dropout.js";
import {
  type AdamArguments,
  type AttentionGradientArguments,
  expectFloat32,
  type GradientKernels,
  type LayerNormGradientArguments,
} from "../../gradient-kernels.js";
import type { GradientMatrix, Matrix, PackedWeights, Sequences } from "../../operands.js";
import type { ReductionGradients } from "../../reduction-kernels.js";
import { attentionGradient } from "./attention.js";
import { depthwiseConvolutionGradient, dynamicConvolutionGradient } from "./convolution-gradients.js";
import { DERIVATIVES } from "./derivatives.js";
import {
  adam,
  addProducts,
  addSumOfRows,
  addTerms,
  dropElements,
  dropoutFactor,
  dropped,
  eachPosition,
  sumOfSquares,
} from "./element-gradients.js";
import { linearInputGradient, linearWeightGradient } from "./product-gradients.js";
import { reductionGradientsOf } from "./reductions/index.js";
import { accumulateSoftmax, layerNormGradient, scatterRows, softmaxGradient } from "./row-gradients.js";
import type { RowMajorWeights } from "./weights.js";

/** The definition of every gradient kernel in plain TypeScript, sums in double precision. */
export class ReferenceGradients implements GradientKernels {
  readonly reductions: ReductionGradients;

  constructor(backend: Backend) {
    this.reductions = reductionGradientsOf(backend);
  }

  linearInputGradient(outputGradient: Matrix, weights: PackedWeights, gradient: GradientMatrix): void {
    expectFloat32("linearInputGradient", weights);
    this.#clearFresh(gradient);
    linearInputGradient(outputGradient, (weights as RowMajorWeights).values, gradient);
  }

  linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: PackedWeights): void {
    expectFloat32("linearWeightGradient", gradient);
    linearWeightGradient(input, outputGradient, (gradient as RowMajorWeights).values);
  }

  sumRows(input: Matrix, gradient: Matrix): void {
    addSumOfRows(input, gradient);
  }

  accumulate(input: Matrix, factor: number, gradient: GradientMatrix): void {
    this.#clearFresh(gradient);
    addTerms(gradient, input, (value) => factor * value);
  }

  accumulateProduct(left: Matrix, right: Matrix, gradient: Matrix): void {
    addProducts(left, right, gradient);
  }

  activateGradient(kind: ActivationKind, input: Matrix, outputGradient: Matrix, gradient: GradientMatrix): void {
    this.#clearFresh(gradient);
    const derivative = DERIVATIVES[kind];
    const x = input.storage.float32();
    addTerms(gradient, outputGradient, (grad, row, column) => {
      return grad * derivative(x[input.offset + row * input.stride + column]!);
    });
  }

  layerNormGradient(args: LayerNormGradientArguments): void {
    this.#clearFresh(args.inputGradient);
    this.#clearFresh(args.residualGradient);
    layerNormGradient(args);
  }

  softmaxGradient(output: Matrix, outputGradient: Matrix, groupSize: number, gradient: Matrix): void {
    softmaxGradient(output, outputGradient, groupSize, gradient);
  }

  accumulateSoftmax(input: Matrix, logSums: Matrix, factors: Matrix, gradient: GradientMatrix): void {
    this.#clearFresh(gradient);
    accumulateSoftmax(input, logSums, factors, gradient);
  }

  scatterRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: Matrix): void {
    const { storage, offset, stride } = gradient;
    scatterRows(outputGradient, indices, skip, storage.float32(), offset, stride);
  }

  scatterPackedRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: PackedWeights): void {
    expectFloat32("scatterPackedRows", gradient);
    scatterRows(outputGradient, indices, skip, (gradient as RowMajorWeights).values, 0, gradient.columns);
  }

  depthwiseConvolutionGradient(
    input: Matrix,
    kernel: Matrix,
    sequences: Sequences,
    outputGradient: Matrix,
    inputGradient: Matrix | null,
    kernelGradient: Matrix | null,
  ): void {
    depthwiseConvolutionGradient(input, kernel, sequences, outputGradient, inputGradient, kernelGradient);
  }

  dynamicConvolutionGradient(
    values: Matrix,
    kernels: Matrix,
    heads: number,
    sequences: Sequences,
    outputGradient: Matrix,
    valuesGradient: Matrix | null,
    kernelsGradient: Matrix | null,
  ): void {
    dynamicConvolutionGradient(values, kernels, heads, sequences, outputGradient, valuesGradient, kernelsGradient);
  }

  attentionGradient(args: AttentionGradientArguments): void {
    attentionGradient(args);
  }

  dropout(input: Matrix, dropout: Dropout, output: Matrix): void {
    dropElements(input, dropout, output);
  }

  dropoutGradient(outputGradient: Matrix, dropout: Dropout, gradient: GradientMatrix): void {
    this.#clearFresh(gradient);
    const factor = dropoutFactor(dropout);
    const { columns } = outputGradient;
    addTerms(gradient, outputGradient, (grad, row, column) => dropped(grad, factor(row * columns + column)));
  }

  packedElements(weights: PackedWeights, firstRow: number, rows: number): Matrix[] {
    expectFloat32("packedElements", weights);
    const { columns } = weights;
    const { storage } = weights as RowMajorWeights;
    return rows === 0 ? [] : [{ storage, offset: firstRow * columns, rows, columns, stride: columns }];
  }

  fill(output: Matrix, value: number): void {
    const y = output.storage.float32();
    eachPosition(output, (at) => {
      y[at] = value;
    });
  }

  sumOfSquares(input: Matrix): number {
    return sumOfSquares(input);
  }

  adam(args: AdamArguments): void {
    adam(args);
  }

  #clearFresh(gradient: GradientMatrix | null): void {
    if (gradient?.isFresh) {
      this.fill(gradient, 0);
    }
  }
}
