import type { Matrix } from "../../operands.js";

/** `gradient += outputGradient · weights`, weights `[out, in]` row by row. */
export function linearInputGradient(outputGradient: Matrix, weights: Float32Array, gradient: Matrix): void {
  const dy = outputGradient.storage.float32();
  const dx = gradient.storage.float32();
  const sums = new Float64Array(gradient.columns);
  for (let row = 0; row < gradient.rows; row++) {
    sums.fill(0);
    for (let feature = 0; feature < outputGradient.columns; feature++) {
      const grad = dy[outputGradient.offset + row * outputGradient.stride + feature]!;
      for (let column = 0; column < gradient.columns; column++) {
        sums[column]! += grad * weights[feature * gradient.columns + column]!;
      }
    }
    for (let column = 0; column < gradient.columns; column++) {
      dx[gradient.offset + row * gradient.stride + column]! += sums[column]!;
    }
  }
}

/** `gradient += outputGradientᵀ · input`, gradient `[out, in]` row by row. */
export function linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: Float32Array): void {
  const x = input.storage.float32();
  const dy = outputGradient.storage.float32();
  const sums = new Float64Array(input.columns);
  for (let feature = 0; feature < outputGradient.columns; feature++) {
    sums.fill(0);
    for (let row = 0; row < input.rows; row++) {
      const grad = dy[outputGradient.offset + row * outputGradient.stride + feature]!;
      for (let column = 0; column < input.columns; column++) {
        sums[column]! += grad * x[input.offset + row * input.stride + column]!;
      }
    }
    for (let column = 0; column < input.columns; column++) {
      gradient[feature * input.columns + column]! += sums[column]!;
    }
  }
}
