import type { Matrix, Sequences } from "../../operands.js";

/** Calls `visit` for every token, tap and neighbour inside the token's sequence. */
function eachTap(
  { offsets }: Sequences,
  taps: number,
  visit: (token: number, tap: number, neighbour: number) => void,
): void {
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence]!;
    const end = offsets[sequence + 1]!;
    for (let token = start; token < end; token++) {
      for (let tap = 0; tap < taps; tap++) {
        const neighbour = token + tap - (taps >> 1);
        if (neighbour >= start && neighbour < end) {
          visit(token, tap, neighbour);
        }
      }
    }
  }
}

/** Adds sums in double precision to a matrix, rounding once. */
function addSums(sums: Float64Array, gradient: Matrix): void {
  const g = gradient.storage.float32();
  for (let row = 0; row < gradient.rows; row++) {
    for (let column = 0; column < gradient.columns; column++) {
      g[gradient.offset + row * gradient.stride + column]! += sums[row * gradient.columns + column]!;
    }
  }
}

/** Of `output[t, c] = Σ_j kernel[j, c] · input[t + j - taps / 2, c]`. */
export function depthwiseConvolutionGradient(
  input: Matrix,
  kernel: Matrix,
  sequences: Sequences,
  outputGradient: Matrix,
  inputGradient: Matrix | null,
  kernelGradient: Matrix | null,
): void {
  const x = input.storage.float32();
  const k = kernel.storage.float32();
  const dy = outputGradient.storage.float32();
  const { columns } = input;
  const inputSums = new Float64Array(input.rows * columns);
  const kernelSums = new Float64Array(kernel.rows * columns);
  eachTap(sequences, kernel.rows, (token, tap, neighbour) => {
    for (let column = 0; column < columns; column++) {
      const grad = dy[outputGradient.offset + token * outputGradient.stride + column]!;
      inputSums[neighbour * columns + column]! += grad * k[kernel.offset + tap * kernel.stride + column]!;
      kernelSums[tap * columns + column]! += grad * x[input.offset + neighbour * input.stride + column]!;
    }
  });
  if (inputGradient !== null) {
    addSums(inputSums, inputGradient);
  }
  if (kernelGradient !== null) {
    addSums(kernelSums, kernelGradient);
  }
}

/** Of `output[t, h·size + d] = Σ_j kernels[t, h·taps + j] · values[t + j - taps / 2, h·size + d]`. */
export function dynamicConvolutionGradient(
  values: Matrix,
  kernels: Matrix,
  heads: number,
  sequences: Sequences,
  outputGradient: Matrix,
  valuesGradient: Matrix | null,
  kernelsGradient: Matrix | null,
): void {
  const x = values.storage.float32();
  const k = kernels.storage.float32();
  const dy = outputGradient.storage.float32();
  const { columns } = values;
  const size = columns / heads;
  const taps = kernels.columns / heads;
  const valueSums = new Float64Array(values.rows * columns);
  const kernelSums = new Float64Array(kernels.rows * kernels.columns);
  eachTap(sequences, taps, (token, tap, neighbour) => {
    for (let column = 0; column < columns; column++) {
      const weightAt = Math.floor(column / size) * taps + tap;
      const grad = dy[outputGradient.offset + token * outputGradient.stride + column]!;
      valueSums[neighbour * columns + column]! += grad * k[kernels.offset + token * kernels.stride + weightAt]!;
      kernelSums[token * kernels.columns + weightAt]! += grad * x[values.offset + neighbour * values.stride + column]!;
    }
  });
  if (valuesGradient !== null) {
    addSums(valueSums, valuesGradient);
  }
  if (kernelsGradient !== null) {
    addSums(kernelSums, kernelsGradient);
  }
}
