import type { Matrix } from "../../../operands.js";

/** Shorter rows are divided by this, as in the reference: a row of zeros stays one. */
const LEAST = 1e-12;

function lengthOf(values: Float32Array, start: number, size: number): number {
  let squares = 0;
  for (let i = 0; i < size; i++) {
    squares += values[start + i]! ** 2;
  }
  return Math.sqrt(squares);
}

export function normalizeRows(input: Matrix, output: Matrix): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  for (let row = 0; row < input.rows; row++) {
    const from = input.offset + row * input.stride;
    const to = output.offset + row * output.stride;
    const divisor = Math.max(lengthOf(x, from, input.columns), LEAST);
    for (let i = 0; i < input.columns; i++) {
      y[to + i] = x[from + i]! / divisor;
    }
  }
}

/** `dx = (dy - y (y · dy)) / |x|`; below the least length the divisor is constant. */
export function normalizeRowsGradient(input: Matrix, output: Matrix, outputGradient: Matrix, gradient: Matrix): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  const dy = outputGradient.storage.float32();
  const dx = gradient.storage.float32();
  const { columns } = input;
  for (let row = 0; row < input.rows; row++) {
    const length = lengthOf(x, input.offset + row * input.stride, columns);
    const unit = output.offset + row * output.stride;
    const from = outputGradient.offset + row * outputGradient.stride;
    let along = 0;
    for (let i = 0; length > LEAST && i < columns; i++) {
      along += y[unit + i]! * dy[from + i]!;
    }
    for (let i = 0; i < columns; i++) {
      const grad = (dy[from + i]! - y[unit + i]! * along) / Math.max(length, LEAST);
      dx[gradient.offset + row * gradient.stride + i]! += grad;
    }
  }
}
