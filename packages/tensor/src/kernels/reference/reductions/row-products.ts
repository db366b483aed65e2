import type { Backend } from "../../../backend.js";
import type { GradientKernels } from "../../../gradient-kernels.js";
import type { GradientMatrix, Matrix, PackedWeights } from "../../../operands.js";
import { elementsIn, type Workspace, withMatrix } from "./scratch.js";

export function rowDots(left: Matrix, right: Matrix, output: Matrix): void {
  const x = left.storage.float32();
  const y = right.storage.float32();
  const to = output.storage.float32();
  for (let row = 0; row < left.rows; row++) {
    let sum = 0;
    for (let i = 0; i < left.columns; i++) {
      sum += x[left.offset + row * left.stride + i]! * y[right.offset + row * right.stride + i]!;
    }
    to[output.offset + row] = sum;
  }
}

/** The rows of the other side, each times its number in the output's gradient. */
export function rowDotsGradient(
  workspace: Workspace,
  gradients: GradientKernels,
  other: Matrix,
  outputGradient: Matrix,
  gradient: Matrix,
): void {
  const { rows, columns } = other;
  const factors = elementsIn(outputGradient);
  const wide = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    wide.fill(factors[row]!, row * columns, (row + 1) * columns);
  }
  withMatrix(workspace, wide, columns, (matrix) => gradients.accumulateProduct(other, matrix, gradient));
}

/** Rows as weights of a product, as long as the call. */
function withPacked(backend: Backend, rows: Matrix, use: (weights: PackedWeights) => void): void {
  const weights = backend.createPacked(rows.rows, rows.columns);
  backend.packRows(weights, 0, elementsIn(rows));
  use(weights);
  backend.releasePacked(weights);
}

export function rowProducts(backend: Backend, left: Matrix, right: Matrix, output: Matrix): void {
  withPacked(backend, right, (weights) => backend.linear(left, weights, null, "linear", output));
}

export function rowProductsGradient(
  backend: Backend,
  gradients: GradientKernels,
  left: Matrix,
  right: Matrix,
  outputGradient: Matrix,
  leftGradient: GradientMatrix | null,
  rightGradient: GradientMatrix | null,
): void {
  if (leftGradient !== null) {
    withPacked(backend, right, (weights) => gradients.linearInputGradient(outputGradient, weights, leftGradient));
  }
  if (rightGradient !== null) {
    const { rows, columns } = right;
    const sums = backend.createPacked(rows, columns);
    for (const elements of gradients.packedElements(sums, 0, rows)) {
      gradients.fill(elements, 0);
    }
    gradients.linearWeightGradient(left, outputGradient, sums);
    const values = backend.unpackRows(sums, 0, rows);
    backend.releasePacked(sums);
    withMatrix(backend, values, columns, (matrix) => gradients.accumulate(matrix, 1, rightGradient));
  }
}
