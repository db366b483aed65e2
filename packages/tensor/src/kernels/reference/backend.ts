import type { ActivationKind } from "../../activations.js";
import type { AttentionArguments } from "../../attention-arguments.js";
import type { Backend, BinaryKind, MemoryReport } from "../../backend.js";
import { BackendError } from "../../errors.js";
import type { Int8Rows, Matrix, PackedWeights, Sequences, Storage, WeightDType } from "../../operands.js";
import { dequantizeRows, INT8_LIMIT, quantizeRows, SEVEN_BIT_LIMIT } from "../../quantize.js";
import { attention } from "./attention.js";
import { depthwiseConvolution, dynamicConvolution } from "./convolution.js";
import { FreedBlocks } from "./freed-blocks.js";
import { ACTIVATIONS } from "./functions.js";
import { ReferenceGradients } from "./gradients.js";
import { reductionsOf } from "./reductions/index.js";
import { gatherRows, layerNorm, logSumExp, softmax } from "./rows.js";
import { RowMajorWeights } from "./weights.js";

class ArrayStorage implements Storage {
  readonly #buffer: ArrayBuffer;

  constructor(byteLength: number) {
    this.#buffer = new ArrayBuffer(byteLength);
  }

  get byteLength(): number {
    return this.#buffer.byteLength;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#buffer);
  }

  float32(): Float32Array {
    return new Float32Array(this.#buffer);
  }

  int32(): Int32Array {
    return new Int32Array(this.#buffer);
  }
}

/** Rounds a row to the integers times scale that an int8 product would use. */
function roundRow(values: Float32Array, start: number, size: number, limit: number): Float32Array {
  return dequantizeRows(quantizeRows(values.subarray(start, start + size), size, limit));
}

/**
 * Every kernel in plain TypeScript, written to be read: sums in double precision, no blocking, no fusion. It defines
 * what the WebAssembly backend must compute, and it answers where WebAssembly is forbidden.
 */
export class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly description: string;
  readonly threads = 1;
  readonly reductions = reductionsOf(this);
  readonly gradients = new ReferenceGradients(this);
  readonly #freed = new FreedBlocks<ArrayStorage>();
  readonly #live = new Set<Storage>();
  /** Largest quantised magnitude of an int8 product's activations. */
  readonly #limit: number;
  #liveBytes = 0;
  #peakBytes = 0;

  constructor(activationBits: 7 | 8 = 8) {
    this.#limit = activationBits === 7 ? SEVEN_BIT_LIMIT : INT8_LIMIT;
    this.description = `reference: plain TypeScript${activationBits === 7 ? ", int8 in 7 bits" : ""}, 1 thread`;
  }

  allocate(byteLength: number): Storage {
    const sizeClass = FreedBlocks.sizeClass(byteLength);
    let storage = this.#freed.take(sizeClass);
    if (storage === undefined) {
      try {
        storage = new ArrayStorage(sizeClass);
      } catch (cause) {
        throw new BackendError("allocate", `no memory for ${byteLength} bytes`, { cause });
      }
    }
    this.#live.add(storage);
    this.#liveBytes += sizeClass;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return storage;
  }

  release(storage: Storage): void {
    if (this.#live.delete(storage)) {
      this.#liveBytes -= storage.byteLength;
      this.#freed.give(storage.byteLength, storage as ArrayStorage);
    }
  }

  memory(): MemoryReport {
    return {
      liveBytes: this.#liveBytes,
      peakBytes: this.#peakBytes,
      pooledBytes: this.#freed.pooledBytes,
      reservedBytes: this.#liveBytes + this.#freed.pooledBytes,
      liveBlocks: this.#live.size,
    };
  }

  dispose(): void {
    this.#live.clear();
    this.#freed.clear();
    this.#liveBytes = 0;
  }

  createPacked(rows: number, columns: number, dtype: WeightDType = "float32"): PackedWeights {
    return new RowMajorWeights(rows, columns, dtype, this.allocate(rows * columns * 4));
  }

  packRows(weights: PackedWeights, firstRow: number, values: Float32Array): void {
    const { columns, dtype } = weights;
    const rows = (weights as RowMajorWeights).values;
    if (dtype === "float32") {
      rows.set(values, firstRow * columns);
      return;
    }
    this.packInt8Rows(weights, firstRow, quantizeRows(values, columns));
  }

  unpackRows(weights: PackedWeights, firstRow: number, rows: number): Float32Array {
    const start = firstRow * weights.columns;
    return (weights as RowMajorWeights).values.slice(start, start + rows * weights.columns);
  }

  quantizeRows(values: Float32Array, columns: number): Int8Rows {
    return quantizeRows(values, columns);
  }

  packInt8Rows(weights: PackedWeights, firstRow: number, rows: Int8Rows): void {
    const { values, scales } = weights as RowMajorWeights;
    values.set(dequantizeRows(rows), firstRow * weights.columns);
    scales.set(rows.scales, firstRow);
  }

  unpackInt8Rows(weights: PackedWeights, firstRow: number, rows: number): Int8Rows {
    const scales = (weights as RowMajorWeights).scales.slice(firstRow, firstRow + rows);
    const numbers = this.unpackRows(weights, firstRow, rows);
    // A product of an 8-bit integer and the scale, rounded, divides to within a thousandth of the integer.
    const values = Int8Array.from(numbers, (number, i) =>
      Math.round(number / scales[Math.floor(i / weights.columns)]!),
    );
    return { values, scales };
  }

  releasePacked(weights: PackedWeights): void {
    this.release((weights as RowMajorWeights).storage);
  }

  linear(input: Matrix, weights: PackedWeights, bias: Matrix | null, activation: ActivationKind, output: Matrix): void {
    const x = input.storage.float32();
    const w = (weights as RowMajorWeights).values;
    const b = bias?.storage.float32();
    const y = output.storage.float32();
    const activate = ACTIVATIONS[activation];
    for (let row = 0; row < input.rows; row++) {
      const start = input.offset + row * input.stride;
      const values =
        weights.dtype === "int8"
          ? roundRow(x, start, weights.columns, this.#limit)
          : x.subarray(start, start + weights.columns);
      const to = output.offset + row * output.stride;
      for (let feature = 0; feature < weights.rows; feature++) {
        const at = feature * weights.columns;
        let sum = bias && b ? b[bias.offset + feature]! : 0;
        for (let column = 0; column < weights.columns; column++) {
          sum += values[column]! * w[at + column]!;
        }
        y[to + feature] = activate(sum);
      }
    }
  }

  activate(kind: ActivationKind, input: Matrix, output: Matrix): void {
    const activate = ACTIVATIONS[kind];
    eachElement(input, output, (x) => activate(x));
  }

  binary(kind: BinaryKind, left: Matrix, right: Matrix, output: Matrix): void {
    const combine = BINARY[kind];
    const b = right.storage.float32();
    eachElement(left, output, (x, row, column) =>
      combine(x, b[right.offset + (right.rows === 1 ? 0 : row * right.stride) + column]!),
    );
  }

  layerNorm(
    input: Matrix,
    residual: Matrix | null,
    weight: Matrix,
    bias: Matrix,
    epsilon: number,
    output: Matrix,
  ): void {
    layerNorm(input, residual, weight, bias, epsilon, output);
  }

  softmax(input: Matrix, groupSize: number, output: Matrix): void {
    softmax(input, groupSize, output);
  }

  logSumExp(input: Matrix, output: Matrix): void {
    logSumExp(input, output);
  }

  gatherRows(table: Matrix, indices: Matrix, output: Matrix): void {
    gatherRows(table, indices, output);
  }

  copy(input: Matrix, output: Matrix): void {
    eachElement(input, output, (x) => x);
  }

  depthwiseConvolution(input: Matrix, kernel: Matrix, sequences: Sequences, output: Matrix): void {
    depthwiseConvolution(input, kernel, sequences, output);
  }

  dynamicConvolution(values: Matrix, kernels: Matrix, heads: number, sequences: Sequences, output: Matrix): void {
    dynamicConvolution(values, kernels, heads, sequences, output);
  }

  attention(args: AttentionArguments): void {
    attention(args);
  }
}

const BINARY: Readonly<Record<BinaryKind, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
};

function eachElement(
  input: Matrix,
  output: Matrix,
  compute: (value: number, row: number, column: number) => number,
): void {
  const x = input.storage.float32();
  const y = output.storage.float32();
  for (let row = 0; row < input.rows; row++) {
    const from = input.offset + row * input.stride;
    const to = output.offset + row * output.stride;
    for (let column = 0; column < input.columns; column++) {
      y[to + column] = compute(x[from + column]!, row, column);
    }
  }
}
