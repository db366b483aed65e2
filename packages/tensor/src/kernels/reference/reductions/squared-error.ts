import type { Matrix } from "../../../operands.js";
import { numberIn, setNumber } from "./scratch.js";

export function squaredError(input: Matrix, targets: Matrix, output: Matrix): void {
  const x = input.storage.float32();
  const y = targets.storage.float32();
  let total = 0;
  for (let row = 0; row < input.rows; row++) {
    const [from, wanted] = [input.offset + row * input.stride, targets.offset + row * targets.stride];
    for (let column = 0; column < input.columns; column++) {
      total += (x[from + column]! - y[wanted + column]!) ** 2;
    }
  }
  setNumber(output, total / (input.rows * input.columns));
}

export function squaredErrorGradient(input: Matrix, targets: Matrix, outputGradient: Matrix, gradient: Matrix): void {
  const x = input.storage.float32();
  const y = targets.storage.float32();
  const dx = gradient.storage.float32();
  const factor = numberIn(outputGradient) / (input.rows * input.columns);
  for (let row = 0; row < input.rows; row++) {
    const [from, wanted] = [input.offset + row * input.stride, targets.offset + row * targets.stride];
    const to = gradient.offset + row * gradient.stride;
    for (let column = 0; column < input.columns; column++) {
      dx[to + column]! += factor * (2 * (x[from + column]! - y[wanted + column]!));
    }
  }
}
