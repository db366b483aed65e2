import type { Int8Rows } from "./operands.js";

/** Largest magnitude of quantised weights: symmetric, so that -128 is not used. */
export const INT8_LIMIT = 127;

/** Largest magnitude of activations that keep 7 bits. */
export const SEVEN_BIT_LIMIT = 63;

/** Added and taken away again, it rounds a float64 to the nearest integer, ties to even, as the kernels do. */
const ROUNDER = 1.5 * 2 ** 52;

/** The largest magnitude in a row: NaN or infinite where a number is, so that every product with the row is too. */
function largestOf(values: Float32Array, start: number, size: number): number {
  let largest = 0;
  for (let i = start; i < start + size; i++) {
    largest = Math.max(largest, Math.abs(values[i]!));
  }
  return largest;
}

/**
 * Each row as 8-bit integers and a scale, `scale = max|x| / 127`, `q = round(x · (127 / max|x|))`, every step rounded to
 * float32: to the last bit what the kernel `quantizeRows` computes. A row of zeros has the scale 0. With another limit than 127 fewer
 * bits are kept.
 */
export function quantizeRows(values: Float32Array, columns: number, limit = INT8_LIMIT): Int8Rows {
  const rows = values.length / columns;
  const quantized = { values: new Int8Array(values.length), scales: new Float32Array(rows) };
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    const largest = largestOf(values, start, columns);
    const factor = largest === 0 ? 0 : Math.fround(limit / largest);
    quantized.scales[row] = largest / limit;
    for (let i = start; i < start + columns; i++) {
      // Rounding errors never reach 127.5; what is not a number becomes 0, and its row's scale says the rest.
      quantized.values[i] = Math.fround(values[i]! * factor) + ROUNDER - ROUNDER;
    }
  }
  return quantized;
}

/** The numbers that quantised rows stand for. */
export function dequantizeRows({ values, scales }: Int8Rows): Float32Array {
  const numbers = new Float32Array(values.length);
  const columns = values.length / scales.length;
  for (let row = 0, i = 0; row < scales.length; row++) {
    const scale = scales[row]!;
    for (const end = i + columns; i < end; i++) {
      numbers[i] = values[i]! * scale;
    }
  }
  return numbers;
}
