import { narrowToHalf } from "@convbert/converter/internal";

/** The bytes of an array, without a copy. ONNX files are little-endian, as every platform with WebAssembly is. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Float16, to the nearest; what is beyond its range becomes its largest number, as an infinity would spread. */
export function asHalf(values: Float32Array): Uint16Array {
  const LARGEST = 65504;
  const bounded = values.map((value) => Math.max(-LARGEST, Math.min(LARGEST, value)));
  const half = new Uint16Array(values.length);
  narrowToHalf(bounded, half);
  return half;
}

/** `[rows, columns]` to `[columns, rows]`. */
export function transposed<Values extends Float32Array | Uint8Array>(
  values: Values,
  rows: number,
  columns: number,
): Values {
  const result = values.slice() as Values;
  // In tiles, so that neither side jumps through memory.
  const TILE = 32;
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < columns; left += TILE) {
      for (let row = top; row < Math.min(top + TILE, rows); row++) {
        for (let column = left; column < Math.min(left + TILE, columns); column++) {
          result[column * rows + row] = values[row * columns + column]!;
        }
      }
    }
  }
  return result;
}

/** The number that 1 stands for in each row of 8-bit weights: its largest magnitude becomes 127. */
export function rowScales(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) largest = Math.max(largest, Math.abs(values[i]!));
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
  return scales;
}

/**
 * Rows of floats as 8-bit integers with a scale for each row, `value = scale * (integer - zero)`; zero is 0 for "int8"
 * and 128 for "uint8".
 */
export function quantizedRows(values: Float32Array, rows: number, type: "int8" | "uint8"): Uint8Array {
  const columns = values.length / rows;
  const scales = rowScales(values, rows);
  const zero = type === "uint8" ? 128 : 0;
  const result = new Uint8Array(values.length);
  for (let row = 0; row < rows; row++) {
    const scale = scales[row]!;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      // A Uint8Array keeps the low byte, which is two's complement for "int8".
      result[i] = roundToEven(values[i]! / scale) + zero;
    }
  }
  return result;
}

function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
