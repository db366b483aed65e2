import type { ActivationKind } from "../../activations.js";
import type { Backend } from "../../backend.js";
import { type Dropout, dropoutScale, dropoutThreshold } from "../../dropout.js";
import {
  type AdamArguments,
  type AttentionGradientArguments,
  expectFloat32,
  type GradientKernels,
  type LayerNormGradientArguments,
} from "../../gradient-kernels.js";
import type { GradientMatrix, Matrix, PackedWeights, Sequences } from "../../operands.js";
import type { ReductionGradients } from "../../reduction-kernels.js";
import { PANEL, SUM_COLUMNS } from "../constants.js";
import { reductionGradientsOf } from "../reference/reductions/index.js";
import { differentiateAttention } from "./attention.js";
import { ACTIVATION_CODES } from "./codes.js";
import { depthwiseGradient, dynamicGradient } from "./convolution.js";
import { joined } from "./joined-rows.js";
import { differentiateLayerNorm } from "./layer-norm-gradient.js";
import type { PanelWeights, ProductContext } from "./product.js";
import { adds, multiplyTokens, multiplyTransposed } from "./product-gradients.js";
import { addressOf, repeatedRows, rowsOf } from "./rows.js";

/** SIMD kernels of training over the backend's memory, on its threads. */
export class WasmGradients implements GradientKernels {
  readonly reductions: ReductionGradients;
  readonly #context: () => ProductContext;

  constructor(backend: Backend, context: () => ProductContext) {
    this.reductions = reductionGradientsOf(backend);
    this.#context = context;
  }

  linearInputGradient(outputGradient: Matrix, weights: PackedWeights, gradient: GradientMatrix): void {
    expectFloat32("linearInputGradient", weights);
    multiplyTransposed(this.#context(), outputGradient, weights as PanelWeights, gradient);
  }

  linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: PackedWeights): void {
    expectFloat32("linearWeightGradient", gradient);
    multiplyTokens(this.#context(), input, outputGradient, gradient as PanelWeights);
  }

  sumRows(input: Matrix, gradient: Matrix): void {
    const { rows, columns } = input;
    const args = { input: rowsOf(input), rows, columns, gradient: addressOf(gradient) };
    this.#context().run("sumRows", args, Math.ceil(columns / SUM_COLUMNS), rows * columns);
  }

  accumulate(input: Matrix, factor: number, gradient: GradientMatrix): void {
    const [x, g] = joined([input, gradient]) as [Matrix, Matrix];
    const { rows, columns } = g;
    const args = { input: repeatedRows(x, rows), factor, gradient: rowsOf(g), add: adds(gradient), columns };
    this.#context().run("accumulate", args, rows, rows * columns);
  }

  accumulateProduct(left: Matrix, right: Matrix, gradient: Matrix): void {
    const [a, b, g] = joined([left, right, gradient]) as [Matrix, Matrix, Matrix];
    const { rows, columns } = g;
    const args = { left: repeatedRows(a, rows), right: repeatedRows(b, rows), gradient: rowsOf(g), columns };
    this.#context().run("accumulateProduct", args, rows, rows * columns);
  }

  activateGradient(kind: ActivationKind, input: Matrix, outputGradient: Matrix, gradient: GradientMatrix): void {
    if (kind === "linear") {
      this.accumulate(outputGradient, 1, gradient);
      return;
    }
    const [x, dy, g] = joined([input, outputGradient, gradient]) as [Matrix, Matrix, Matrix];
    const { rows, columns } = g;
    this.#context().run(
      "activateGradient",
      {
        kind: ACTIVATION_CODES[kind],
        input: repeatedRows(x, rows),
        outputGradient: repeatedRows(dy, rows),
        gradient: rowsOf(g),
        add: adds(gradient),
        columns,
      },
      rows,
      16 * rows * columns,
    );
  }

  layerNormGradient(args: LayerNormGradientArguments): void {
    differentiateLayerNorm(this.#context(), args);
  }

  softmaxGradient(output: Matrix, outputGradient: Matrix, groupSize: number, gradient: Matrix): void {
    const { rows, columns } = output;
    this.#context().run(
      "softmaxGradient",
      {
        output: rowsOf(output),
        outputGradient: rowsOf(outputGradient),
        gradient: rowsOf(gradient),
        columns,
        size: groupSize,
      },
      rows,
      4 * rows * columns,
    );
  }

  accumulateSoftmax(input: Matrix, logSums: Matrix, factors: Matrix, gradient: GradientMatrix): void {
    const { rows, columns } = input;
    this.#context().run(
      "accumulateSoftmax",
      {
        input: rowsOf(input),
        logSums: rowsOf(logSums),
        factors: rowsOf(factors),
        gradient: rowsOf(gradient),
        add: adds(gradient),
        columns,
      },
      rows,
      8 * rows * columns,
    );
  }

  scatterRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: Matrix): void {
    const { rows, columns } = outputGradient;
    this.#context().run(
      "scatterRows",
      {
        outputGradient: rowsOf(outputGradient),
        rows,
        columns,
        indices: addressOf(indices),
        skip,
        gradient: rowsOf(gradient),
      },
      Math.ceil(columns / SUM_COLUMNS),
      rows * columns,
    );
  }

  scatterPackedRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: PackedWeights): void {
    expectFloat32("scatterPackedRows", gradient);
    const { rows, columns } = outputGradient;
    this.#context().run(
      "scatterPackedRows",
      {
        outputGradient: rowsOf(outputGradient),
        rows,
        columns,
        indices: addressOf(indices),
        skip,
        gradient: (gradient as PanelWeights).storage.address,
      },
      Math.ceil(columns / SUM_COLUMNS),
      4 * rows * columns,
    );
  }

  depthwiseConvolutionGradient(
    input: Matrix,
    kernel: Matrix,
    sequences: Sequences,
    outputGradient: Matrix,
    inputGradient: Matrix | null,
    kernelGradient: Matrix | null,
  ): void {
    const context = this.#context();
    depthwiseGradient(context, input, kernel, sequences, outputGradient, inputGradient, kernelGradient);
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
    const context = this.#context();
    dynamicGradient(context, values, kernels, heads, sequences, outputGradient, valuesGradient, kernelsGradient);
  }

  attentionGradient(args: AttentionGradientArguments): void {
    differentiateAttention(this.#context(), args);
  }

  dropout(input: Matrix, dropout: Dropout, output: Matrix): void {
    this.#drop(input, dropout, output, 0);
  }

  dropoutGradient(outputGradient: Matrix, dropout: Dropout, gradient: GradientMatrix): void {
    this.#drop(outputGradient, dropout, gradient, adds(gradient));
  }

  #drop(input: Matrix, { rate, seed }: Dropout, output: Matrix, add: 0 | 1): void {
    const [x, y] = joined([input, output]) as [Matrix, Matrix];
    const { rows, columns } = x;
    this.#context().run(
      "dropout",
      {
        input: rowsOf(x),
        output: rowsOf(y),
        columns,
        seed0: seed[0],
        seed1: seed[1],
        threshold: dropoutThreshold(rate),
        scale: dropoutScale(rate),
        add,
      },
      rows,
      4 * rows * columns,
    );
  }

  /** Whole panels lie in one piece; of others, lanes side by side. */
  packedElements(weights: PackedWeights, firstRow: number, rows: number): Matrix[] {
    expectFloat32("packedElements", weights);
    const { storage, columns } = weights as PanelWeights;
    const parts: Matrix[] = [];
    const end = firstRow + rows;
    for (let row = firstRow; row < end; ) {
      const lane = row % PANEL;
      const panels = lane === 0 ? Math.floor((end - row) / PANEL) : 0;
      const lanes = panels > 0 ? PANEL : Math.min(PANEL - lane, end - row);
      const offset = (row - lane) * columns + lane;
      parts.push({ storage, offset, rows: Math.max(1, panels) * columns, columns: lanes, stride: PANEL });
      row += Math.max(1, panels) * lanes;
    }
    return parts;
  }

  fill(output: Matrix, value: number): void {
    const [y] = joined([output]) as [Matrix];
    const { rows, columns } = y;
    this.#context().run("fill", { output: rowsOf(y), columns, value }, rows, rows * columns);
  }

  sumOfSquares(input: Matrix): number {
    const { run, memory } = this.#context();
    const [x] = joined([input]) as [Matrix];
    const { rows, columns } = x;
    const sums = memory.allocate(Math.max(1, rows) * 8);
    run("squares", { input: rowsOf(x), columns, sums: sums.address }, rows, rows * columns);
    const total = sums.float64(rows).reduce((sum, value) => sum + value, 0);
    memory.release(sums);
    return total;
  }

  adam(args: AdamArguments): void {
    const [parameter, gradient, mean, variance] = joined([args.parameter, args.gradient, args.mean, args.variance]) as [
      Matrix,
      Matrix,
      Matrix,
      Matrix,
    ];
    const { rows, columns } = parameter;
    this.#context().run(
      "adam",
      {
        parameter: rowsOf(parameter),
        gradient: rowsOf(gradient),
        mean: rowsOf(mean),
        variance: rowsOf(variance),
        columns,
        gradientScale: args.gradientScale,
        newMean: 1 - args.beta1,
        beta2: args.beta2,
        newVariance: 1 - args.beta2,
        epsilon: args.epsilon,
        stepSize: args.stepSize,
        inverseCorrection: 1 / args.varianceCorrection,
        decay: args.decay,
        l2: args.l2,
      },
      rows,
      4 * rows * columns,
    );
  }
}
