import type { ActivationKind } from "./activations.js";
import type { AttentionArguments } from "./attention-arguments.js";
import type { DType, DTypeArrays } from "./dtype.js";
import { BackendError } from "./errors.js";
import type { GradientKernels } from "./gradient-kernels.js";
import type { Int8Rows, Matrix, PackedWeights, Sequences, Storage, WeightDType } from "./operands.js";
import type { ReductionKernels } from "./reduction-kernels.js";

/**
 * How numbers get into and out of memory that the processor does not see, as a GPU's. Everything happens in the order of
 * the calls: a read gives what the kernels before it have written, also when the block is released before it is done.
 */
export interface Transfer {
  /** Writes elements of a block, from element `offset` on. */
  write(storage: Storage, offset: number, values: Float32Array | Int32Array): void;
  /** A copy of the elements, row by row. */
  read<D extends DType>(matrix: Matrix, dtype: D): Promise<DTypeArrays[D]>;
  /** The same as {@link Backend.unpackRows}. */
  readPacked(weights: PackedWeights, firstRow: number, rows: number): Promise<Float32Array>;
  /** The same as {@link Backend.unpackInt8Rows}. */
  readPackedInt8(weights: PackedWeights, firstRow: number, rows: number): Promise<Int8Rows>;
}

/** Bytes and tensors alive in a backend. */
export interface MemoryReport {
  /** Bytes in blocks that tensors and packed weights hold now. */
  readonly liveBytes: number;
  /** The largest `liveBytes` so far. */
  readonly peakBytes: number;
  /** Bytes in freed blocks kept for reuse. */
  readonly pooledBytes: number;
  /** Bytes taken from the system. */
  readonly reservedBytes: number;
  /** Blocks that are held now. */
  readonly liveBlocks: number;
}

export type BinaryKind = "add" | "subtract" | "multiply";

/**
 * The small set of kernels that ConvBERT needs. `ReferenceBackend` is the readable definition of each; the
 * WebAssembly backend must agree with it within float32 rounding. All matrices are float32 unless said otherwise.
 * Callers (the operations) check shapes; kernels trust them. Outputs never overlap inputs, except that the
 * element-wise kernels (`activate`, `binary`, `softmax`, `layerNorm`) may write over an input of the same layout.
 */
export interface Backend {
  /** The name under which it is registered. */
  readonly name: string;
  /** What is running, for people: "wasm relaxed-simd, 1 thread". */
  readonly description: string;
  readonly threads: number;

  /** A block of at least `byteLength` bytes, 64-byte aligned, contents undefined. Throws BackendError when full. */
  allocate(byteLength: number): Storage;
  release(storage: Storage): void;
  memory(): MemoryReport;
  /**
   * Only where the processor does not see the memory. `Tensor.data`, `array`, `toArray` and `item`, {@link unpackRows} and
   * {@link unpackInt8Rows} then throw BackendError; `Tensor.read` works everywhere.
   */
  readonly transfer?: Transfer;
  /** Frees everything; tensors of this backend are unusable afterwards. */
  dispose(): void;

  /** Room for packed weights of `rows` x `columns`; fill it with {@link packRows}. "float32" by default. */
  createPacked(rows: number, columns: number, dtype?: WeightDType): PackedWeights;
  /** Stores rows `firstRow...` given in checkpoint layout (a whole number of rows). */
  packRows(weights: PackedWeights, firstRow: number, values: Float32Array): void;
  /** Rows in checkpoint layout again: exactly the numbers that were packed; of int8 weights what they stand for. */
  unpackRows(weights: PackedWeights, firstRow: number, rows: number): Float32Array;
  releasePacked(weights: PackedWeights): void;
  /** What {@link packRows} makes of rows of `columns` numbers when it stores them as int8; the same in every backend. */
  quantizeRows(values: Float32Array, columns: number): Int8Rows;
  /** Stores rows `firstRow...` of int8 weights that are quantised already. */
  packInt8Rows(weights: PackedWeights, firstRow: number, rows: Int8Rows): void;
  /** Rows of int8 weights, exactly as they were packed. */
  unpackInt8Rows(weights: PackedWeights, firstRow: number, rows: number): Int8Rows;

  /** `output = activation(input · weightsᵀ + bias)`; bias `[1, weights.rows]`. */
  linear(input: Matrix, weights: PackedWeights, bias: Matrix | null, activation: ActivationKind, output: Matrix): void;
  activate(kind: ActivationKind, input: Matrix, output: Matrix): void;
  /** Element by element; `right` with one row repeats for every row of `left`. */
  binary(kind: BinaryKind, left: Matrix, right: Matrix, output: Matrix): void;
  /** Normalises each row of `input + residual` to mean 0 and variance 1, then scales by `weight` and adds `bias`. */
  layerNorm(
    input: Matrix,
    residual: Matrix | null,
    weight: Matrix,
    bias: Matrix,
    epsilon: number,
    output: Matrix,
  ): void;
  /** Softmax over `groupSize` adjacent columns (the whole row when equal to `columns`), rows independent. */
  softmax(input: Matrix, groupSize: number, output: Matrix): void;
  /**
   * `log(sum(exp(row)))` of each row into `output [rows, 2]`, as two terms: the largest element, and the logarithm of the
   * sum of `exp(element - largest)`. Their sum, rounded, would lose what a confident row is about.
   */
  logSumExp(input: Matrix, output: Matrix): void;
  /** Row `indices[i]` of `table` into row `i`; indices are int32 `[1, output.rows]`. */
  gatherRows(table: Matrix, indices: Matrix, output: Matrix): void;
  /** The same from packed weights, of int8 ones what they stand for. Without it {@link unpackRows} serves. */
  gatherPackedRows?(weights: PackedWeights, indices: Matrix, output: Matrix): void;
  /** Copies elements, whatever the strides. */
  copy(input: Matrix, output: Matrix): void;
  /**
   * Depthwise convolution along each sequence, zero padding `taps >> 1` on both sides:
   * `output[t, c] = Σ_j kernel[j, c] · input[t + j - (taps >> 1), c]`; kernel `[taps, columns]`, taps odd.
   */
  depthwiseConvolution(input: Matrix, kernel: Matrix, sequences: Sequences, output: Matrix): void;
  /**
   * Span-based dynamic convolution (ConvBERT paper, section 3.2): every token and head weighs the neighbours' values
   * with a kernel of its own. `values [tokens, heads * size]`, `kernels [tokens, heads * taps]` (already softmaxed),
   * zero padding at both ends of each sequence: `output[t, h·size + d] = Σ_j kernels[t, h·taps + j] · values[t + j - (taps >> 1), h·size + d]`.
   */
  dynamicConvolution(values: Matrix, kernels: Matrix, heads: number, sequences: Sequences, output: Matrix): void;
  attention(args: AttentionArguments): void;

  /** Losses, and what sentence vectors need. */
  readonly reductions: ReductionKernels;

  /** What training needs besides; a backend without it runs models, and refuses to train them. */
  readonly gradients?: GradientKernels;
}

/**
 * The kernels of training.
 * @throws BackendError for a backend that has none.
 */
export function gradientsOf({ name, gradients }: Backend): GradientKernels {
  if (gradients === undefined) {
    throw new BackendError("training", `the backend "${name}" runs models and has no gradients; train with "wasm"`);
  }
  return gradients;
}
