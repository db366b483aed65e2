import type { ActivationKind } from "../activations.js";
import type {
  AttentionArguments,
  Backend,
  BinaryKind,
  Matrix,
  MemoryReport,
  PackedWeights,
  Sequences,
  Storage,
  WeightDType,
} from "../backend.js";
import { type Int8Format, Int8Weights, multiplyInt8, probeInt8Format } from "./int8.js";
import { LinearMemory, type WasmStorage } from "./memory.js";
import { type Kernels, loadKernels } from "./modules.js";
import { multiply, PanelWeights, type ProductScratch, SCRATCH_BYTES } from "./product.js";

/** In the order of assembly/activations.ts; "linear" is a copy and has no code. */
const ACTIVATION_CODES: Readonly<Record<Exclude<ActivationKind, "linear">, number>> = {
  gelu: 0,
  gelu_10: 1,
  gelu_tanh: 2,
  laplace: 3,
  mish: 4,
  quick_gelu: 5,
  relu: 6,
  relu2: 7,
  relu6: 8,
  sigmoid: 9,
  silu: 10,
  tanh: 11,
};

/** In the order of assembly/rows.ts. */
const BINARY_CODES: Readonly<Record<BinaryKind, number>> = { add: 0, subtract: 1, multiply: 2 };

/** Keys are padded to this number in the attention's scratch memory; as in assembly/attention.ts. */
const ATTENTION_KEYS = 16;

/** The fastest backend that this engine can run; null where WebAssembly or its SIMD is missing or forbidden. */
export async function createWasmBackend(): Promise<Backend | null> {
  if (typeof WebAssembly !== "object") {
    return null;
  }
  const memory = new LinearMemory();
  const kernels = await loadKernels(memory.memory);
  return kernels === null ? null : new WasmBackend(memory, kernels);
}

/** Address of a matrix's first element. */
function address({ storage, offset }: Matrix): number {
  return (storage as WasmStorage).pointer + offset * 4;
}

/** SIMD kernels over one linear memory. Matrices are passed as addresses with strides in bytes. */
class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly threads = 1;
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #int8Format: Int8Format;
  #scratch: { readonly blocks: readonly Storage[]; readonly product: ProductScratch } | null = null;

  constructor(memory: LinearMemory, kernels: Kernels) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#int8Format = probeInt8Format(kernels, memory);
  }

  get description(): string {
    return `wasm ${this.#kernels.variant}, 1 thread`;
  }

  allocate(byteLength: number): Storage {
    return this.#memory.allocate(byteLength);
  }

  release(storage: Storage): void {
    this.#memory.release(storage);
  }

  memory(): MemoryReport {
    const report = this.#memory.report();
    const blocks = this.#scratch?.blocks ?? [];
    const bytes = blocks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // The scratch memory is part of the backend, not something that a caller holds.
    return { ...report, liveBytes: report.liveBytes - bytes, liveBlocks: report.liveBlocks - blocks.length };
  }

  dispose(): void {
    this.#scratch = null;
    this.#memory.clear();
  }

  createPacked(rows: number, columns: number, dtype: WeightDType = "float32"): PackedWeights {
    return dtype === "int8"
      ? new Int8Weights(this.#memory, rows, columns, this.#int8Format)
      : new PanelWeights(this.#memory, rows, columns);
  }

  packRows(weights: PackedWeights, firstRow: number, values: Float32Array): void {
    (weights as PanelWeights | Int8Weights).pack(firstRow, values);
  }

  unpackRows(weights: PackedWeights, firstRow: number, rows: number): Float32Array {
    return (weights as PanelWeights | Int8Weights).unpack(firstRow, rows);
  }

  releasePacked(weights: PackedWeights): void {
    this.#memory.release((weights as PanelWeights | Int8Weights).storage);
  }

  linear(input: Matrix, weights: PackedWeights, bias: Matrix | null, activation: ActivationKind, output: Matrix): void {
    const outputStride = output.stride * 4;
    const product = {
      input: address(input),
      inputStride: input.stride * 4,
      rows: input.rows,
      bias: bias === null ? 0 : address(bias),
      output: address(output),
      outputStride,
      epilogue:
        activation === "linear"
          ? null
          : (at: number, columns: number, rows: number) => {
              const code = ACTIVATION_CODES[activation];
              this.#kernels.elements.activate(code, at, outputStride, at, outputStride, columns, 0, rows);
            },
    };
    const scratch = this.#productScratch();
    if (weights instanceof Int8Weights) {
      multiplyInt8(this.#kernels, this.#memory, scratch, { ...product, weights });
    } else {
      multiply(this.#kernels, scratch, { ...product, weights: weights as PanelWeights });
    }
  }

  activate(kind: ActivationKind, input: Matrix, output: Matrix): void {
    if (kind === "linear") {
      this.copy(input, output);
      return;
    }
    this.#kernels.elements.activate(
      ACTIVATION_CODES[kind],
      address(input),
      input.stride * 4,
      address(output),
      output.stride * 4,
      input.columns,
      0,
      input.rows,
    );
  }

  binary(kind: BinaryKind, left: Matrix, right: Matrix, output: Matrix): void {
    this.#kernels.elements.binary(
      BINARY_CODES[kind],
      address(left),
      left.stride * 4,
      address(right),
      right.rows === 1 ? 0 : right.stride * 4,
      address(output),
      output.stride * 4,
      left.columns,
      0,
      left.rows,
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
    this.#kernels.elements.layerNorm(
      address(input),
      input.stride * 4,
      residual === null ? 0 : address(residual),
      residual === null ? 0 : residual.stride * 4,
      address(weight),
      address(bias),
      epsilon,
      address(output),
      output.stride * 4,
      input.columns,
      0,
      input.rows,
    );
  }

  softmax(input: Matrix, groupSize: number, output: Matrix): void {
    this.#kernels.elements.softmax(
      address(input),
      input.stride * 4,
      address(output),
      output.stride * 4,
      input.columns,
      groupSize,
      0,
      input.rows,
    );
  }

  logSumExp(input: Matrix, output: Matrix): void {
    const pairs = this.#memory.allocate(input.rows * 8);
    const { elements } = this.#kernels;
    elements.sumExponentials(address(input), input.stride * 4, pairs.pointer, input.columns, 0, input.rows);
    const values = pairs.float32();
    const results = output.storage.float32();
    for (let row = 0; row < input.rows; row++) {
      results[output.offset + row * output.stride] = values[2 * row]! + Math.log(values[2 * row + 1]!);
    }
    this.#memory.release(pairs);
  }

  gatherRows(table: Matrix, indices: Matrix, output: Matrix): void {
    this.#kernels.elements.gatherRows(
      address(table),
      table.stride * 4,
      address(indices),
      address(output),
      output.stride * 4,
      table.columns,
      0,
      output.rows,
    );
  }

  copy(input: Matrix, output: Matrix): void {
    this.#kernels.elements.copyRows(
      address(input),
      input.stride * 4,
      address(output),
      output.stride * 4,
      input.columns,
      0,
      input.rows,
    );
  }

  depthwiseConvolution(input: Matrix, kernel: Matrix, { offsets }: Sequences, output: Matrix): void {
    eachSequence(offsets, (start, length) => {
      this.#kernels.elements.depthwiseConvolution(
        address(input) + start * input.stride * 4,
        input.stride * 4,
        address(kernel),
        kernel.stride * 4,
        kernel.rows,
        address(output) + start * output.stride * 4,
        output.stride * 4,
        input.columns,
        length,
        0,
        length,
      );
    });
  }

  dynamicConvolution(values: Matrix, kernels: Matrix, heads: number, { offsets }: Sequences, output: Matrix): void {
    eachSequence(offsets, (start, length) => {
      this.#kernels.elements.dynamicConvolution(
        address(values) + start * values.stride * 4,
        values.stride * 4,
        address(kernels) + start * kernels.stride * 4,
        kernels.stride * 4,
        heads,
        values.columns / heads,
        kernels.columns / heads,
        address(output) + start * output.stride * 4,
        output.stride * 4,
        length,
        0,
        length,
      );
    });
  }

  attention(args: AttentionArguments): void {
    const { query, key, value, sequences, heads, scale, mask, headMask, probabilities, output } = args;
    const { offsets } = sequences;
    const size = query.columns / heads;
    let longest = 0;
    eachSequence(offsets, (_start, length) => {
      longest = Math.max(longest, length);
    });
    const padded = Math.ceil(longest / ATTENTION_KEYS) * ATTENTION_KEYS;
    const scratch = this.#memory.allocate((size + 1) * padded * 4);
    const maskPerToken = mask !== null && mask.rows !== offsets.length - 1;
    eachSequence(offsets, (start, length, sequence) => {
      const firstMaskRow = maskPerToken ? start : sequence;
      this.#kernels.elements.attention(
        address(query) + start * query.stride * 4,
        query.stride * 4,
        address(key) + start * key.stride * 4,
        key.stride * 4,
        address(value) + start * value.stride * 4,
        value.stride * 4,
        size,
        scale,
        mask === null ? 0 : address(mask) + firstMaskRow * mask.stride * 4,
        maskPerToken && mask !== null ? mask.stride * 4 : 0,
        headMask === null ? 0 : address(headMask),
        probabilities === null ? 0 : address(probabilities) + sequence * heads * length * length * 4,
        address(output) + start * output.stride * 4,
        output.stride * 4,
        length,
        scratch.pointer,
        0,
        heads,
      );
    });
    this.#memory.release(scratch);
  }

  #productScratch(): ProductScratch {
    if (this.#scratch === null) {
      const block = (bytes: number) => this.#memory.allocate(bytes);
      const zeros = block(SCRATCH_BYTES.zeros);
      zeros.bytes().fill(0);
      const bias = block(SCRATCH_BYTES.bias);
      const input = block(SCRATCH_BYTES.input);
      const edge = block(SCRATCH_BYTES.edge);
      this.#scratch = {
        blocks: [zeros, bias, input, edge],
        product: { zeros: zeros.pointer, bias: bias.pointer, input: input.pointer, edge: edge.pointer },
      };
    }
    return this.#scratch.product;
  }
}

/** Calls `work` for every sequence that has tokens. */
function eachSequence(offsets: readonly number[], work: (start: number, length: number, index: number) => void): void {
  for (let index = 0; index + 1 < offsets.length; index++) {
    const length = offsets[index + 1]! - offsets[index]!;
    if (length > 0) {
      work(offsets[index]!, length, index);
    }
  }
}
