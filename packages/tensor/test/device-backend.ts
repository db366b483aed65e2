import {
  type ActivationKind,
  type AttentionArguments,
  type Backend,
  BackendError,
  type BackendOptions,
  type BinaryKind,
  createBackend,
  type DType,
  type DTypeArrays,
  type Int8Rows,
  type Matrix,
  type MemoryReport,
  type PackedWeights,
  type ReductionKernels,
  type Sequences,
  type Storage,
  type Transfer,
  type WeightDType,
} from "../src/index.js";

/** Memory that the processor does not see. */
class DeviceStorage implements Storage {
  readonly inner: Storage;

  constructor(inner: Storage) {
    this.inner = inner;
  }

  get byteLength(): number {
    return this.inner.byteLength;
  }

  bytes(): never {
    throw new BackendError("Storage", "this memory is the device's");
  }

  float32(): never {
    return this.bytes();
  }

  int32(): never {
    return this.bytes();
  }
}

const inner = (matrix: Matrix): Matrix => ({ ...matrix, storage: (matrix.storage as DeviceStorage).inner });
const isMatrix = (value: unknown): value is Matrix => typeof value === "object" && value !== null && "storage" in value;
const innerOrNull = (matrix: Matrix | null): Matrix | null => matrix && inner(matrix);

/**
 * What a GPU's backend looks like, on the reference's kernels: commands go into a queue and run later, numbers come back
 * only by promises, and there are no gradients.
 */
export class DeviceBackend implements Backend {
  readonly name = "device";
  readonly description = "device: the reference behind a queue";
  readonly threads = 1;
  readonly transfer: Transfer;
  readonly reductions: ReductionKernels;
  readonly #kernels: Backend;
  #queue: (() => void)[] = [];

  private constructor(kernels: Backend) {
    this.#kernels = kernels;
    const { reductions } = kernels;
    /** A kernel over matrices, put off; what else it takes stays as it is. */
    const later =
      <Args extends readonly unknown[]>(kernel: (...args: Args) => void) =>
      (...args: Args): void =>
        this.#later(() =>
          kernel(...(args.map((value) => (isMatrix(value) ? inner(value) : value)) as unknown as Args)),
        );
    this.reductions = {
      mean: later(reductions.mean),
      squaredError: later(reductions.squaredError),
      binaryCrossEntropy: later(reductions.binaryCrossEntropy),
      crossEntropy: (args, output) => {
        const [logits, logSums, targets] = [args.logits, args.logSums, args.targets].map(inner);
        const seen = { ...args, logits: logits!, logSums: logSums!, targets: targets! };
        this.#later(() => reductions.crossEntropy(seen, inner(output)));
      },
      softCrossEntropy: (args, output) => {
        const [logits, logSums, targets] = [args.logits, args.logSums, args.targets].map(inner);
        const seen = { ...args, logits: logits!, logSums: logSums!, targets: targets! };
        this.#later(() => reductions.softCrossEntropy(seen, inner(output)));
      },
      rowDots: later(reductions.rowDots),
      rowProducts: later(reductions.rowProducts),
      normalizeRows: later(reductions.normalizeRows),
      sequenceMean: later(reductions.sequenceMean),
      sequenceMax: later(reductions.sequenceMax),
    };
    this.transfer = {
      write: (storage, offset, values) => {
        const copy = values.slice();
        this.#later(() => {
          const { inner } = storage as DeviceStorage;
          if (copy instanceof Int32Array) inner.int32().set(copy, offset);
          else inner.float32().set(copy, offset);
        });
      },
      read: (matrix, dtype) => this.#result(() => rowsOf(inner(matrix), dtype)),
      readPacked: (weights, firstRow, rows) => this.#result(() => kernels.unpackRows(weights, firstRow, rows)),
      readPackedInt8: (weights, firstRow, rows) => this.#result(() => kernels.unpackInt8Rows(weights, firstRow, rows)),
    };
  }

  /** For `registerBackend`. */
  static async create({ activationBits = 8 }: BackendOptions): Promise<DeviceBackend> {
    return new DeviceBackend(await createBackend({ backend: "reference", activationBits }));
  }

  #later(command: () => void): void {
    if (this.#queue.length === 0) setTimeout(() => this.#flush(), 0);
    this.#queue.push(command);
  }

  #flush(): void {
    const commands = this.#queue;
    this.#queue = [];
    for (const command of commands) command();
  }

  #result<Result>(command: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#later(() => {
        try {
          resolve(command());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  allocate(byteLength: number): Storage {
    return new DeviceStorage(this.#kernels.allocate(byteLength));
  }

  release(storage: Storage): void {
    this.#later(() => this.#kernels.release((storage as DeviceStorage).inner));
  }

  memory(): MemoryReport {
    this.#flush();
    return this.#kernels.memory();
  }

  dispose(): void {
    this.#flush();
    this.#kernels.dispose();
  }

  createPacked(rows: number, columns: number, dtype?: WeightDType): PackedWeights {
    return this.#kernels.createPacked(rows, columns, dtype);
  }

  packRows(weights: PackedWeights, firstRow: number, values: Float32Array): void {
    const copy = values.slice();
    this.#later(() => this.#kernels.packRows(weights, firstRow, copy));
  }

  unpackRows(): never {
    throw new BackendError("unpackRows", "this memory is the device's");
  }

  releasePacked(weights: PackedWeights): void {
    this.#later(() => this.#kernels.releasePacked(weights));
  }

  quantizeRows(values: Float32Array, columns: number): Int8Rows {
    return this.#kernels.quantizeRows(values, columns);
  }

  packInt8Rows(weights: PackedWeights, firstRow: number, { values, scales }: Int8Rows): void {
    const copy = { values: values.slice(), scales: scales.slice() };
    this.#later(() => this.#kernels.packInt8Rows(weights, firstRow, copy));
  }

  unpackInt8Rows(): never {
    return this.unpackRows();
  }

  linear(input: Matrix, weights: PackedWeights, bias: Matrix | null, activation: ActivationKind, output: Matrix): void {
    this.#later(() => this.#kernels.linear(inner(input), weights, innerOrNull(bias), activation, inner(output)));
  }

  activate(kind: ActivationKind, input: Matrix, output: Matrix): void {
    this.#later(() => this.#kernels.activate(kind, inner(input), inner(output)));
  }

  binary(kind: BinaryKind, left: Matrix, right: Matrix, output: Matrix): void {
    this.#later(() => this.#kernels.binary(kind, inner(left), inner(right), inner(output)));
  }

  layerNorm(
    input: Matrix,
    residual: Matrix | null,
    weight: Matrix,
    bias: Matrix,
    epsilon: number,
    output: Matrix,
  ): void {
    this.#later(() =>
      this.#kernels.layerNorm(inner(input), innerOrNull(residual), inner(weight), inner(bias), epsilon, inner(output)),
    );
  }

  softmax(input: Matrix, groupSize: number, output: Matrix): void {
    this.#later(() => this.#kernels.softmax(inner(input), groupSize, inner(output)));
  }

  logSumExp(input: Matrix, output: Matrix): void {
    this.#later(() => this.#kernels.logSumExp(inner(input), inner(output)));
  }

  gatherRows(table: Matrix, indices: Matrix, output: Matrix): void {
    this.#later(() => this.#kernels.gatherRows(inner(table), inner(indices), inner(output)));
  }

  gatherPackedRows(weights: PackedWeights, indices: Matrix, output: Matrix): void {
    this.#later(() => {
      const at = rowsOf(inner(indices), "int32");
      const to = inner(output).storage.float32();
      for (const [index, row] of at.entries()) {
        to.set(this.#kernels.unpackRows(weights, row, 1), output.offset + index * output.stride);
      }
    });
  }

  copy(input: Matrix, output: Matrix): void {
    this.#later(() => this.#kernels.copy(inner(input), inner(output)));
  }

  depthwiseConvolution(input: Matrix, kernel: Matrix, sequences: Sequences, output: Matrix): void {
    this.#later(() => this.#kernels.depthwiseConvolution(inner(input), inner(kernel), sequences, inner(output)));
  }

  dynamicConvolution(values: Matrix, kernels: Matrix, heads: number, sequences: Sequences, output: Matrix): void {
    this.#later(() => this.#kernels.dynamicConvolution(inner(values), inner(kernels), heads, sequences, inner(output)));
  }

  attention(args: AttentionArguments): void {
    this.#later(() =>
      this.#kernels.attention({
        ...args,
        query: inner(args.query),
        key: inner(args.key),
        value: inner(args.value),
        mask: innerOrNull(args.mask),
        headMask: innerOrNull(args.headMask),
        probabilities: innerOrNull(args.probabilities),
        output: inner(args.output),
      }),
    );
  }
}

/** A copy of a matrix's elements, row by row. */
function rowsOf<D extends DType>({ storage, offset, rows, columns, stride }: Matrix, dtype: D): DTypeArrays[D] {
  const all = dtype === "int32" ? storage.int32() : storage.float32();
  const copy = dtype === "int32" ? new Int32Array(rows * columns) : new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    copy.set(all.subarray(offset + row * stride, offset + row * stride + columns), row * columns);
  }
  return copy as DTypeArrays[D];
}
