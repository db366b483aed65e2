import type { Matrix, Sequences } from "../../operands.js";

export function depthwiseConvolution(input: Matrix, kernel: Matrix, sequences: Sequences, output: Matrix): void {
  const k = kernel.storage.float32();
  convolve(input, sequences, output, kernel.rows, (_token, tap, column) => {
    return k[kernel.offset + tap * kernel.stride + column]!;
  });
}

export function dynamicConvolution(
  values: Matrix,
  kernels: Matrix,
  heads: number,
  sequences: Sequences,
  output: Matrix,
): void {
  const k = kernels.storage.float32();
  const taps = kernels.columns / heads;
  const size = values.columns / heads;
  convolve(values, sequences, output, taps, (token, tap, column) => {
    return k[kernels.offset + token * kernels.stride + Math.floor(column / size) * taps + tap]!;
  });
}

/** A weighted sum over `taps` neighbours within each sequence; what lies outside counts as zero. */
function convolve(
  input: Matrix,
  sequences: Sequences,
  output: Matrix,
  taps: number,
  weight: (token: number, tap: number, column: number) => number,
): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  const reach = taps >> 1;
  for (let sequence = 0; sequence + 1 < sequences.offsets.length; sequence++) {
    const start = sequences.offsets[sequence]!;
    const end = sequences.offsets[sequence + 1]!;
    for (let token = start; token < end; token++) {
      for (let column = 0; column < input.columns; column++) {
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) {
          const neighbour = token + tap - reach;
          if (neighbour >= start && neighbour < end) {
            sum += weight(token, tap, column) * x[input.offset + neighbour * input.stride + column]!;
          }
        }
        y[output.offset + token * output.stride + column] = sum;
      }
    }
  }
}
