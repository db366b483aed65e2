import type { Dropout } from "../../dropout.js";
import { dropoutBits, dropoutScale, dropoutThreshold } from "../../dropout.js";
import type { AdamArguments } from "../../gradient-kernels.js";
import type { Matrix } from "../../operands.js";
import { SMALLEST_MEAN, SMALLEST_VARIANCE } from "../constants.js";

/** Calls `visit` for every element with its position in the storage. */
export function eachPosition(matrix: Matrix, visit: (at: number, row: number, column: number) => void): void {
  for (let row = 0; row < matrix.rows; row++) {
    const start = matrix.offset + row * matrix.stride;
    for (let column = 0; column < matrix.columns; column++) {
      visit(start + column, row, column);
    }
  }
}

/** Position of an element; a matrix of one row repeats for every row. */
function position(matrix: Matrix, row: number, column: number): number {
  return matrix.offset + (matrix.rows === 1 ? 0 : row * matrix.stride) + column;
}

/** `gradient += term(row, column)`; `input` of one row repeats. */
export function addTerms(
  gradient: Matrix,
  input: Matrix,
  term: (value: number, row: number, column: number) => number,
): void {
  const x = input.storage.float32();
  const g = gradient.storage.float32();
  eachPosition(gradient, (at, row, column) => {
    g[at]! += term(x[position(input, row, column)]!, row, column);
  });
}

/** `gradient += left * right`; `right` of one row repeats. */
export function addProducts(left: Matrix, right: Matrix, gradient: Matrix): void {
  const b = right.storage.float32();
  addTerms(gradient, left, (a, row, column) => a * b[position(right, row, column)]!);
}

/** `gradient[0, c] += Σ_r input[r, c]` */
export function addSumOfRows(input: Matrix, gradient: Matrix): void {
  const x = input.storage.float32();
  const sums = new Float64Array(input.columns);
  eachPosition(input, (at, _row, column) => {
    sums[column]! += x[at]!;
  });
  addTerms(gradient, gradient, (_value, _row, column) => sums[column]!);
}

/** What an element is multiplied by: 0 where it is dropped. */
export function dropoutFactor({ rate, seed }: Dropout): (index: number) => number {
  const threshold = dropoutThreshold(rate);
  const scale = dropoutScale(rate);
  return (index) => (dropoutBits(seed, index) >= threshold ? scale : 0);
}

export function dropElements(input: Matrix, dropout: Dropout, output: Matrix): void {
  const factor = dropoutFactor(dropout);
  const x = input.storage.float32();
  const y = output.storage.float32();
  eachPosition(input, (at, row, column) => {
    y[output.offset + row * output.stride + column] = dropped(x[at]!, factor(row * input.columns + column));
  });
}

/** Not a product: a dropped infinity is 0. */
export function dropped(value: number, factor: number): number {
  return factor === 0 ? 0 : value * factor;
}

export function sumOfSquares(input: Matrix): number {
  const x = input.storage.float32();
  let sum = 0;
  eachPosition(input, (at) => {
    sum += x[at]! * x[at]!;
  });
  return sum;
}

/** `torch.optim.Adam` and `AdamW`, the single-tensor form. */
export function adam(args: AdamArguments): void {
  const { parameter, gradient, mean, variance, gradientScale, beta1, beta2, epsilon } = args;
  const p = parameter.storage.float32();
  const g = gradient.storage.float32();
  const m = mean.storage.float32();
  const v = variance.storage.float32();
  eachPosition(parameter, (at, row, column) => {
    const meanAt = mean.offset + row * mean.stride + column;
    const varianceAt = variance.offset + row * variance.stride + column;
    const value = p[at]!;
    const grad = gradientScale * g[gradient.offset + row * gradient.stride + column]! + args.l2 * value;
    m[meanAt] = atLeast(SMALLEST_MEAN, m[meanAt]! + (grad - m[meanAt]!) * (1 - beta1));
    v[varianceAt] = atLeast(SMALLEST_VARIANCE, beta2 * v[varianceAt]! + (1 - beta2) * grad * grad);
    const denominator = Math.sqrt(v[varianceAt]!) / args.varianceCorrection + epsilon;
    p[at] = value * args.decay - (args.stepSize * m[meanAt]!) / denominator;
  });
}

/** 0 where a number's magnitude is below `smallest`. */
function atLeast(smallest: number, value: number): number {
  return Math.abs(value) < smallest ? 0 : value;
}
