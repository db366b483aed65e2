import type { Matrix } from "../../operands.js";

/** `(x - mean) / deviation * weight + bias` of each row of `input + residual`. */
export function layerNorm(
  input: Matrix,
  residual: Matrix | null,
  weight: Matrix,
  bias: Matrix,
  epsilon: number,
  output: Matrix,
): void {
  const x = input.storage.float32();
  const r = residual?.storage.float32();
  const w = weight.storage.float32();
  const b = bias.storage.float32();
  const y = output.storage.float32();
  const { columns } = input;
  const sums = new Float64Array(columns);
  for (let row = 0; row < input.rows; row++) {
    const from = input.offset + row * input.stride;
    const to = output.offset + row * output.stride;
    let mean = 0;
    for (let column = 0; column < columns; column++) {
      const added = residual && r ? r[residual.offset + row * residual.stride + column]! : 0;
      sums[column] = x[from + column]! + added;
      mean += sums[column]! / columns;
    }
    let variance = 0;
    for (let column = 0; column < columns; column++) {
      variance += (sums[column]! - mean) ** 2 / columns;
    }
    const scale = 1 / Math.sqrt(variance + epsilon);
    for (let column = 0; column < columns; column++) {
      y[to + column] = (sums[column]! - mean) * scale * w[weight.offset + column]! + b[bias.offset + column]!;
    }
  }
}

export function softmax(input: Matrix, groupSize: number, output: Matrix): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  for (let row = 0; row < input.rows; row++) {
    for (let group = 0; group < input.columns; group += groupSize) {
      const from = input.offset + row * input.stride + group;
      const to = output.offset + row * output.stride + group;
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < groupSize; i++) {
        largest = Math.max(largest, x[from + i]!);
      }
      let sum = 0;
      for (let i = 0; i < groupSize; i++) {
        sum += Math.exp(x[from + i]! - largest);
      }
      for (let i = 0; i < groupSize; i++) {
        y[to + i] = Math.exp(x[from + i]! - largest) / sum;
      }
    }
  }
}

export function logSumExp(input: Matrix, output: Matrix): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  for (let row = 0; row < input.rows; row++) {
    const from = input.offset + row * input.stride;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < input.columns; i++) {
      largest = Math.max(largest, x[from + i]!);
    }
    let sum = 0;
    for (let i = 0; i < input.columns; i++) {
      sum += Math.exp(x[from + i]! - largest);
    }
    const to = output.offset + row * output.stride;
    y[to] = largest;
    y[to + 1] = Math.log(sum);
  }
}

export function gatherRows(table: Matrix, indices: Matrix, output: Matrix): void {
  const rows = table.storage.float32();
  const at = indices.storage.int32();
  const y = output.storage.float32();
  for (let row = 0; row < output.rows; row++) {
    const from = table.offset + at[indices.offset + row]! * table.stride;
    y.set(rows.subarray(from, from + table.columns), output.offset + row * output.stride);
  }
}
