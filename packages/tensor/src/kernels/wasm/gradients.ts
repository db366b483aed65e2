import type { ActivationKind } from "../../activations.js";
import type { Matrix, PackedWeights, Sequences } from "../../backend.js";
import { dropoutScale, dropoutThreshold } from "../../dropout.js";
import {
  type AdamArguments,
  type AttentionGradientArguments,
  type Dropout,
  expectFloat32,
  type GradientKernels,
  type GradientMatrix,
  type LayerNormGradientArguments,
} from "../../gradient-kernels.js";
import { differentiateAttention } from "./attention.js";
import { ACTIVATION_CODES } from "./codes.js";
import { depthwiseGradient, dynamicGradient } from "./convolution.js";
import { PANEL, type PanelWeights } from "./product.js";
import { multiplyTokens, multiplyTransposed, type ProductContext } from "./product-gradients.js";
import { located } from "./rows.js";

/** Elements of a row where rows that follow each other without gaps are joined or cut into longer ones. */
const LONG_ROW = 4096;
/** Columns of a unit of kernels that go down all rows, as in assembly/row-gradients.ts. */
const COLUMN_BLOCK = 32;
/** Rows whose share of a layer normalisation's weight gradients is summed first: whatever the number of threads. */
const NORM_ROWS = 32;

/** Address and distance of rows in bytes; one row repeats where `rows` are needed. */
function spread(matrix: Matrix, rows: number): [number, number] {
  const { pointer, stride } = located(matrix);
  return [pointer, matrix.rows === 1 && rows !== 1 ? 0 : stride];
}

/** Whether a kernel adds to what a gradient holds. */
function adds(gradient: GradientMatrix | null): 0 | 1 {
  return gradient?.isFresh ? 0 : 1;
}

/** The same matrices with rows of about {@link LONG_ROW} elements, where none has gaps between its rows. */
function joined(matrices: readonly Matrix[]): readonly Matrix[] {
  const { rows, columns } = matrices[0]!;
  if (columns >= LONG_ROW || matrices.some((matrix) => matrix.stride !== columns || matrix.rows !== rows)) {
    return matrices;
  }
  let factor = Math.min(rows, Math.floor(LONG_ROW / Math.max(1, columns)));
  while (factor > 1 && rows % factor !== 0) {
    factor--;
  }
  return factor <= 1
    ? matrices
    : matrices.map((matrix) => ({
        ...matrix,
        rows: rows / factor,
        columns: columns * factor,
        stride: columns * factor,
      }));
}

/** SIMD kernels of training over the backend's memory, on its threads. */
export class WasmGradients implements GradientKernels {
  readonly #context: () => ProductContext;

  constructor(context: () => ProductContext) {
    this.#context = context;
  }

  linearInputGradient(outputGradient: Matrix, weights: PackedWeights, gradient: GradientMatrix): void {
    expectFloat32("linearInputGradient", weights);
    const panels = weights as PanelWeights;
    multiplyTransposed(this.#context(), located(outputGradient), panels, located(gradient), adds(gradient));
  }

  linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: PackedWeights): void {
    expectFloat32("linearWeightGradient", gradient);
    multiplyTokens(this.#context(), located(input), located(outputGradient), gradient as PanelWeights);
  }

  sumRows(input: Matrix, gradient: Matrix): void {
    const { pointer, stride, rows, columns } = located(input);
    const args = [pointer, stride, rows, columns, located(gradient).pointer];
    this.#context().run("sumRows", args, Math.ceil(columns / COLUMN_BLOCK), rows * columns);
  }

  accumulate(input: Matrix, factor: number, gradient: GradientMatrix): void {
    const [x, g] = joined([input, gradient]) as [Matrix, Matrix];
    const args = [...spread(x, g.rows), factor, ...spread(g, g.rows), adds(gradient), g.columns];
    this.#context().run("accumulate", args, g.rows, g.rows * g.columns);
  }

  accumulateProduct(left: Matrix, right: Matrix, gradient: Matrix): void {
    const [a, b, g] = joined([left, right, gradient]) as [Matrix, Matrix, Matrix];
    const args = [...spread(a, g.rows), ...spread(b, g.rows), ...spread(g, g.rows), g.columns];
    this.#context().run("accumulateProduct", args, g.rows, g.rows * g.columns);
  }

  activateGradient(kind: ActivationKind, input: Matrix, outputGradient: Matrix, gradient: GradientMatrix): void {
    if (kind === "linear") {
      this.accumulate(outputGradient, 1, gradient);
      return;
    }
    const [x, dy, g] = joined([input, outputGradient, gradient]) as [Matrix, Matrix, Matrix];
    const places = [x, dy, g].flatMap((part) => spread(part, g.rows));
    const args = [ACTIVATION_CODES[kind], ...places, adds(gradient), g.columns];
    this.#context().run("activateGradient", args, g.rows, 16 * g.rows * g.columns);
  }

  layerNormGradient(args: LayerNormGradientArguments): void {
    const { run, memory } = this.#context();
    const { rows, columns } = args.input;
    const place = (matrix: Matrix | null) => (matrix === null ? [0, 0] : spread(matrix, rows));
    const blocks = Math.ceil(rows / NORM_ROWS);
    const scratch = memory.allocate(Math.max(1, 3 * blocks * columns * 4));
    const numbers = [
      ...place(args.input),
      ...place(args.residual),
      located(args.weight).pointer,
      args.epsilon,
      ...place(args.outputGradient),
      ...place(args.inputGradient),
      ...place(args.residualGradient),
      adds(args.inputGradient),
      adds(args.residualGradient),
      scratch.pointer,
      scratch.pointer + 2 * blocks * columns * 4,
      columns,
      rows,
      NORM_ROWS,
    ];
    run("layerNormGradient", numbers, blocks, 8 * rows * columns);
    for (const [index, gradient] of [args.weightGradient, args.biasGradient].entries()) {
      if (gradient !== null) {
        const sums = scratch.pointer + index * columns * 4;
        const units = Math.ceil(columns / COLUMN_BLOCK);
        run("sumRows", [sums, 2 * columns * 4, blocks, columns, located(gradient).pointer], units, blocks * columns);
      }
    }
    memory.release(scratch);
  }

  softmaxGradient(output: Matrix, outputGradient: Matrix, groupSize: number, gradient: Matrix): void {
    const { rows, columns } = output;
    const args = [output, outputGradient, gradient].flatMap((matrix) => spread(matrix, rows));
    this.#context().run("softmaxGradient", [...args, columns, groupSize], rows, 4 * rows * columns);
  }

  accumulateSoftmax(input: Matrix, logSums: Matrix, factors: Matrix, gradient: GradientMatrix): void {
    const { rows, columns } = input;
    const args = [input, logSums, factors, gradient].flatMap((matrix) => spread(matrix, rows));
    this.#context().run("accumulateSoftmax", [...args, adds(gradient), columns], rows, 8 * rows * columns);
  }

  scatterRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: Matrix): void {
    const { pointer, stride, rows, columns } = located(outputGradient);
    const args = [pointer, stride, rows, columns, located(indices).pointer, skip, ...spread(gradient, gradient.rows)];
    this.#context().run("scatterRows", args, Math.ceil(columns / COLUMN_BLOCK), rows * columns);
  }

  scatterPackedRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: PackedWeights): void {
    expectFloat32("scatterPackedRows", gradient);
    const { pointer, stride, rows, columns } = located(outputGradient);
    const target = (gradient as PanelWeights).storage.pointer;
    const args = [pointer, stride, rows, columns, located(indices).pointer, skip, target];
    this.#context().run("scatterPackedRows", args, Math.ceil(columns / COLUMN_BLOCK), 4 * rows * columns);
  }

  depthwiseConvolutionGradient(
    input: Matrix,
    kernel: Matrix,
    sequences: Sequences,
    outputGradient: Matrix,
    inputGradient: Matrix | null,
    kernelGradient: Matrix | null,
  ): void {
    depthwiseGradient(
      this.#context(),
      located(input),
      located(kernel),
      sequences,
      located(outputGradient),
      inputGradient && located(inputGradient),
      kernelGradient && located(kernelGradient),
    );
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
    dynamicGradient(
      this.#context(),
      located(values),
      located(kernels),
      heads,
      sequences,
      located(outputGradient),
      valuesGradient && located(valuesGradient),
      kernelsGradient && located(kernelsGradient),
    );
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
    const how = [seed[0], seed[1], dropoutThreshold(rate), dropoutScale(rate), add];
    const args = [...spread(x, x.rows), ...spread(y, x.rows), x.columns, ...how];
    this.#context().run("dropout", args, x.rows, 4 * x.rows * x.columns);
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
    this.#context().run("fill", [...spread(y, y.rows), y.columns, value], y.rows, y.rows * y.columns);
  }

  sumOfSquares(input: Matrix): number {
    const { run, memory } = this.#context();
    const [x] = joined([input]) as [Matrix];
    const sums = memory.allocate(Math.max(1, x.rows) * 8);
    run("squares", [...spread(x, x.rows), x.columns, sums.pointer], x.rows, x.rows * x.columns);
    const total = sums.float64(x.rows).reduce((sum, value) => sum + value, 0);
    memory.release(sums);
    return total;
  }

  adam(args: AdamArguments): void {
    const matrices = joined([args.parameter, args.gradient, args.mean, args.variance]);
    const { rows, columns } = matrices[0]!;
    const numbers = [
      ...matrices.flatMap((matrix) => spread(matrix, rows)),
      columns,
      args.gradientScale,
      1 - args.beta1,
      args.beta2,
      1 - args.beta2,
      args.epsilon,
      args.stepSize,
      1 / args.varianceCorrection,
      args.decay,
      args.l2,
    ];
    this.#context().run("adam", numbers, rows, 4 * rows * columns);
  }
}
