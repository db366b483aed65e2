import type { LayerNormGradientArguments } from "../../gradient-kernels.js";
import type { Matrix } from "../../operands.js";

/**
 * With `x̂` the normalised row and `g = outputGradient · weight`: the input's gradient is
 * `(g - mean(g) - x̂ · mean(g · x̂)) / deviation`.
 */
export function layerNormGradient(args: LayerNormGradientArguments): void {
  const { input, residual, weight, outputGradient, inputGradient, residualGradient } = args;
  const x = input.storage.float32();
  const w = weight.storage.float32();
  const dy = outputGradient.storage.float32();
  const { columns } = input;
  const normal = new Float64Array(columns);
  const scaled = new Float64Array(columns);
  const weightSums = new Float64Array(columns);
  const biasSums = new Float64Array(columns);
  for (let row = 0; row < input.rows; row++) {
    let mean = 0;
    for (let column = 0; column < columns; column++) {
      const added = residual ? residual.storage.float32()[residual.offset + row * residual.stride + column]! : 0;
      normal[column] = x[input.offset + row * input.stride + column]! + added;
      mean += normal[column]! / columns;
    }
    let variance = 0;
    for (let column = 0; column < columns; column++) {
      variance += (normal[column]! - mean) ** 2 / columns;
    }
    const scale = 1 / Math.sqrt(variance + args.epsilon);
    let meanScaled = 0;
    let meanProduct = 0;
    for (let column = 0; column < columns; column++) {
      const grad = dy[outputGradient.offset + row * outputGradient.stride + column]!;
      normal[column] = (normal[column]! - mean) * scale;
      scaled[column] = grad * w[weight.offset + column]!;
      weightSums[column]! += grad * normal[column]!;
      biasSums[column]! += grad;
      meanScaled += scaled[column]! / columns;
      meanProduct += (scaled[column]! * normal[column]!) / columns;
    }
    for (const gradient of [inputGradient, residualGradient]) {
      if (gradient !== null) {
        const dx = gradient.storage.float32();
        for (let column = 0; column < columns; column++) {
          const at = gradient.offset + row * gradient.stride + column;
          dx[at]! += (scaled[column]! - meanScaled - normal[column]! * meanProduct) * scale;
        }
      }
    }
  }
  addTo(args.weightGradient, weightSums);
  addTo(args.biasGradient, biasSums);
}

function addTo(gradient: Matrix | null, sums: Float64Array): void {
  if (gradient !== null) {
    const g = gradient.storage.float32();
    sums.forEach((sum, column) => {
      g[gradient.offset + column]! += sum;
    });
  }
}

/** `gradient += p * (outputGradient - Σ p * outputGradient)`, the sum over the group. */
export function softmaxGradient(output: Matrix, outputGradient: Matrix, groupSize: number, gradient: Matrix): void {
  const p = output.storage.float32();
  const dp = outputGradient.storage.float32();
  const g = gradient.storage.float32();
  for (let row = 0; row < output.rows; row++) {
    for (let group = 0; group < output.columns; group += groupSize) {
      const at = output.offset + row * output.stride + group;
      const gradAt = outputGradient.offset + row * outputGradient.stride + group;
      const to = gradient.offset + row * gradient.stride + group;
      let sum = 0;
      for (let i = 0; i < groupSize; i++) {
        sum += p[at + i]! * dp[gradAt + i]!;
      }
      for (let i = 0; i < groupSize; i++) {
        g[to + i]! += p[at + i]! * (dp[gradAt + i]! - sum);
      }
    }
  }
}

/** `gradient[r, c] += factors[r] * exp(input[r, c] - logSums[r, 0] - logSums[r, 1])`; rows of factor 0 are skipped. */
export function accumulateSoftmax(input: Matrix, logSums: Matrix, factors: Matrix, gradient: Matrix): void {
  const x = input.storage.float32();
  const g = gradient.storage.float32();
  for (let row = 0; row < input.rows; row++) {
    const factor = factors.storage.float32()[factors.offset + row * factors.stride]!;
    const at = logSums.offset + row * logSums.stride;
    const [largest, logSum] = [logSums.storage.float32()[at]!, logSums.storage.float32()[at + 1]!];
    if (factor !== 0) {
      for (let column = 0; column < input.columns; column++) {
        g[gradient.offset + row * gradient.stride + column]! +=
          factor * Math.exp(x[input.offset + row * input.stride + column]! - largest - logSum);
      }
    }
  }
}

/** Calls `add(i, index)` in order for every index that is not `skip`. */
export function eachScattered(
  rows: number,
  indices: Matrix,
  skip: number,
  add: (row: number, index: number) => void,
): void {
  const at = indices.storage.int32();
  for (let row = 0; row < rows; row++) {
    const index = at[indices.offset + row]!;
    if (index !== skip) {
      add(row, index);
    }
  }
}

/** `values[index, :] += outputGradient[i, :]`, `values` with the strides given. */
export function scatterRows(
  outputGradient: Matrix,
  indices: Matrix,
  skip: number,
  values: Float32Array,
  offset: number,
  stride: number,
): void {
  const dy = outputGradient.storage.float32();
  eachScattered(outputGradient.rows, indices, skip, (row, index) => {
    for (let column = 0; column < outputGradient.columns; column++) {
      values[offset + index * stride + column]! += dy[outputGradient.offset + row * outputGradient.stride + column]!;
    }
  });
}
