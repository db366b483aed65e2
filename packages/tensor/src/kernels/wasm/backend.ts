import type { ActivationKind } from "../../activations.js";
import type { AttentionArguments } from "../../attention-arguments.js";
import type { Backend, BinaryKind, MemoryReport } from "../../backend.js";
import type { Int8Rows, Matrix, PackedWeights, Sequences, Storage, WeightDType } from "../../operands.js";
import { dequantizeRows, INT8_LIMIT } from "../../quantize.js";
import { reductionsOf } from "../reference/reductions/index.js";
import { attend } from "./attention.js";
import { ACTIVATION_CODES, BINARY_CODES } from "./codes.js";
import { convolveDepthwise, convolveDynamic } from "./convolution.js";
import { WasmGradients } from "./gradients.js";
import type { Kernels } from "./instance.js";
import { Int8Weights, multiplyInt8, paddedRows, quantizeInPieces } from "./int8.js";
import type { LinearMemory } from "./memory.js";
import { allocateScratch, multiply, PanelWeights, type ProductContext } from "./product.js";
import { addressOf, repeatedRows, rowsOf } from "./rows.js";
import { type KernelContext, type RunKernel, runHere } from "./runner.js";
import type { ThreadPool } from "./threads/pool.js";

/** Steps (of eight multiply-adds in float32) below which a kernel, some 20 µs, is not worth sharing with other threads. */
const PARALLEL_WORK = 1 << 16;
/** Chunks of a thread's share of a kernel: when the work runs out, the others wait for at most one. */
const CHUNKS_PER_THREAD = 8;

/** SIMD kernels over one linear memory. Matrices are passed as addresses with strides in bytes. */
export class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly reductions = reductionsOf(this);
  readonly gradients = new WasmGradients(this, () => this.#products());
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #runHere: RunKernel;
  readonly #threading: { readonly pool: ThreadPool; readonly control: Storage } | null;
  readonly #remark: string;
  /** What kernels of several steps run on. */
  readonly #context: KernelContext;
  /** Made with the first product. */
  #scratch: { readonly block: Storage; readonly products: ProductContext } | null = null;

  constructor(
    memory: LinearMemory,
    kernels: Kernels,
    threading: { readonly pool: ThreadPool; readonly control: Storage } | null,
    remark: string,
  ) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#runHere = runHere(kernels);
    this.#context = { run: this.#run, memory };
    this.#threading = threading;
    this.#remark = remark;
  }

  get threads(): number {
    return this.#threading?.pool.threads ?? 1;
  }

  get description(): string {
    const { threads } = this;
    const { variant, wide, int8Format } = this.#kernels;
    const bits = int8Format.limit === INT8_LIMIT ? "" : ", int8 in 7 bits";
    return `wasm ${variant}${wide ? " in 256 bits" : ""}${bits}, ${threads} ${threads === 1 ? "thread" : "threads"}${this.#remark}`;
  }

  /** Runs a kernel over `units` units that are `work` steps together, on all threads where that pays. */
  readonly #run: RunKernel = (name, args, units, work) => {
    if (this.#threading === null || work < PARALLEL_WORK || units < 2) {
      this.#runHere(name, args, units, work);
      return;
    }
    const { pool } = this.#threading;
    const chunk = Math.ceil(units / (pool.threads * CHUNKS_PER_THREAD));
    // A wide tile takes two panels.
    pool.run(name, args, units, this.#kernels.wide ? Math.ceil(chunk / 2) * 2 : chunk);
  };

  allocate(byteLength: number): Storage {
    return this.#memory.allocate(byteLength);
  }

  release(storage: Storage): void {
    this.#memory.release(storage);
  }

  memory(): MemoryReport {
    const report = this.#memory.report();
    const blocks = [this.#scratch?.block, this.#threading?.control].filter((block) => block !== undefined);
    const bytes = blocks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // The scratch memory is part of the backend, not something that a caller holds.
    return { ...report, liveBytes: report.liveBytes - bytes, liveBlocks: report.liveBlocks - blocks.length };
  }

  dispose(): void {
    this.#threading?.pool.stop();
    this.#scratch = null;
    this.#memory.clear();
  }

  createPacked(rows: number, columns: number, dtype: WeightDType = "float32"): PackedWeights {
    return dtype === "int8"
      ? new Int8Weights(this.#memory, rows, columns, this.#kernels.int8Format)
      : new PanelWeights(this.#memory, rows, columns);
  }

  packRows(weights: PackedWeights, firstRow: number, values: Float32Array): void {
    if (weights instanceof Int8Weights) {
      quantizeInPieces(this.#context, values, weights.columns, (row, ...quantized) => {
        weights.pack(firstRow + row, ...quantized);
      });
    } else {
      (weights as PanelWeights).pack(firstRow, values);
    }
  }

  unpackRows(weights: PackedWeights, firstRow: number, rows: number): Float32Array {
    return weights instanceof Int8Weights
      ? dequantizeRows(weights.unpack(firstRow, rows))
      : (weights as PanelWeights).unpack(firstRow, rows);
  }

  quantizeRows(values: Float32Array, columns: number): Int8Rows {
    const quantized = { values: new Int8Array(values.length), scales: new Float32Array(values.length / columns) };
    quantizeInPieces(this.#context, values, columns, (firstRow, rows, stride, scales) => {
      quantized.scales.set(scales, firstRow);
      for (let row = 0; row < scales.length; row++) {
        quantized.values.set(rows.subarray(row * stride, row * stride + columns), (firstRow + row) * columns);
      }
    });
    return quantized;
  }

  packInt8Rows(weights: PackedWeights, firstRow: number, rows: Int8Rows): void {
    const { values, stride } = paddedRows(rows.values, weights.columns);
    (weights as Int8Weights).pack(firstRow, values, stride, rows.scales);
  }

  unpackInt8Rows(weights: PackedWeights, firstRow: number, rows: number): Int8Rows {
    return (weights as Int8Weights).unpack(firstRow, rows);
  }

  releasePacked(weights: PackedWeights): void {
    this.#memory.release((weights as PanelWeights | Int8Weights).storage);
  }

  linear(input: Matrix, weights: PackedWeights, bias: Matrix | null, activation: ActivationKind, output: Matrix): void {
    const product = {
      input: rowsOf(input),
      rows: input.rows,
      bias: bias === null ? 0 : addressOf(bias),
      output: rowsOf(output),
      activation: ACTIVATION_CODES[activation],
    };
    if (weights instanceof Int8Weights) {
      multiplyInt8(this.#products(), { ...product, weights });
    } else {
      multiply(this.#products(), { ...product, weights: weights as PanelWeights });
    }
  }

  activate(kind: ActivationKind, input: Matrix, output: Matrix): void {
    if (kind === "linear") {
      this.copy(input, output);
      return;
    }
    const { rows, columns } = input;
    const args = { kind: ACTIVATION_CODES[kind], input: rowsOf(input), output: rowsOf(output), columns };
    this.#run("activate", args, rows, 8 * rows * columns);
  }

  binary(kind: BinaryKind, left: Matrix, right: Matrix, output: Matrix): void {
    const { rows, columns } = left;
    this.#run(
      "binary",
      {
        kind: BINARY_CODES[kind],
        left: rowsOf(left),
        right: repeatedRows(right, rows),
        output: rowsOf(output),
        columns,
      },
      rows,
      rows * columns,
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
    const { rows, columns } = input;
    this.#run(
      "layerNorm",
      {
        input: rowsOf(input),
        residual: rowsOf(residual),
        weight: addressOf(weight),
        bias: addressOf(bias),
        epsilon,
        output: rowsOf(output),
        columns,
      },
      rows,
      4 * rows * columns,
    );
  }

  softmax(input: Matrix, groupSize: number, output: Matrix): void {
    const { rows, columns } = input;
    const args = { input: rowsOf(input), output: rowsOf(output), columns, size: groupSize };
    this.#run("softmax", args, rows, 8 * rows * columns);
  }

  logSumExp(input: Matrix, output: Matrix): void {
    const { rows, columns } = input;
    const pairs = this.#memory.allocate(rows * 8);
    this.#run("sumExponentials", { input: rowsOf(input), pairs: pairs.address, columns }, rows, 8 * rows * columns);
    const values = pairs.float32();
    const results = output.storage.float32();
    for (let row = 0; row < rows; row++) {
      const to = output.offset + row * output.stride;
      results[to] = values[2 * row]!;
      results[to + 1] = Math.log(values[2 * row + 1]!);
    }
    this.#memory.release(pairs);
  }

  gatherRows(table: Matrix, indices: Matrix, output: Matrix): void {
    const { rows, columns } = output;
    const args = { table: rowsOf(table), indices: addressOf(indices), output: rowsOf(output), columns };
    this.#run("gatherRows", args, rows, rows * columns);
  }

  copy(input: Matrix, output: Matrix): void {
    const { rows, columns } = input;
    this.#run("copyRows", { input: rowsOf(input), output: rowsOf(output), columns }, rows, rows * columns);
  }

  depthwiseConvolution(input: Matrix, kernel: Matrix, sequences: Sequences, output: Matrix): void {
    convolveDepthwise(this.#context, input, kernel, sequences, output);
  }

  dynamicConvolution(values: Matrix, kernels: Matrix, heads: number, sequences: Sequences, output: Matrix): void {
    convolveDynamic(this.#context, values, kernels, heads, sequences, output);
  }

  attention(args: AttentionArguments): void {
    attend(this.#context, args);
  }

  #products(): ProductContext {
    if (this.#scratch === null) {
      const { block, product } = allocateScratch(this.#memory);
      this.#scratch = { block, products: { ...this.#context, scratch: product } };
    }
    return this.#scratch.products;
  }
}
