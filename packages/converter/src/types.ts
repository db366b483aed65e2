import type { WireDType } from "./dtypes.js";

/** What {@link WeightsReader.read} gives; which one depends on the element type: see {@link WeightsReader.read}. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** One tensor of a checkpoint, as its file describes it. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: WireDType;
  /** Row-major; a scalar has the shape []. */
  readonly shape: readonly number[];
  /** Bytes that the values take in contiguous little-endian order. */
  readonly byteLength: number;
  /** An earlier tensor of the file that is the very same memory (tied weights), where the format says so. */
  readonly tiedTo?: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
}

/** The named tensors of one checkpoint, whatever its format. Values are read when asked for, never before. */
export interface WeightsReader {
  /** "safetensors", "pytorch", ...: the format of the file, or of the shards. */
  readonly format: string;
  /** Text that the file carries beside the tensors, as `{ format: "pt" }`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What a file has beside the model's weights, by its own names: an optimizer's, a generator's. */
  readonly unused?: readonly string[];
  /**
   * Fields of `config.json` by the shapes of the weights, from formats whose checkpoints have no such file.
   * @throws WeightsError "format" where the shapes contradict one another.
   */
  config?(): Record<string, unknown>;
  /** Names of those that an adapter has changed or replaced. */
  readonly adapted?: ReadonlySet<string>;
  /**
   * A whole tensor as a typed array of its own kind: I64 as BigInt64Array, BOOL as Uint8Array; floats narrower than 32
   * bits are widened to Float32Array; C64 as Float32Array with real and imaginary parts in turn. Where the file is in
   * memory, and the values are aligned, the array is a view of it: copy before you change it.
   * @throws WeightsError when there is no such tensor, or its bytes are damaged.
   */
  read(name: string, options?: ReadOptions): Promise<TypedArray>;
  /**
   * Float32 values in order, about 1 MB at a time, so that a caller copies straight into its own memory and the peak
   * stays near one chunk. `values` is only valid during the call of `sink`. Integers and float64 are converted.
   * @throws WeightsError as `read`, and for complex tensors.
   */
  stream(
    name: string,
    sink: (elementOffset: number, values: Float32Array) => void,
    options?: ReadOptions,
  ): Promise<void>;
  /**
   * The values as they are on the wire (contiguous, row-major, little-endian), about 1 MB at a time; pieces end at
   * element boundaries and are only valid until the next one is asked for.
   */
  bytes(name: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Values for a writer: whole, or in pieces in order. A piece is only looked at before the next one is asked for. */
export type TensorData = TypedArray | Iterable<TypedArray> | AsyncIterable<TypedArray>;

/** One tensor to be written. */
export interface NamedTensor {
  readonly name: string;
  /** The element type on the wire. */
  readonly dtype: WireDType;
  readonly shape: readonly number[];
  /**
   * The values, asked for when their turn comes, once for each copy that the format keeps of them. Float32Array and Float64Array are rounded to a narrower float
   * `dtype` (nearest, ties to even); Uint8Array is taken as the bytes on the wire for any `dtype`; any other array must
   * be of the `dtype`'s own kind.
   */
  data(): TensorData | Promise<TensorData>;
  /**
   * The name of another tensor of the same list that has the same memory (tied weights). PyTorch files store the
   * values once; safetensors leave this tensor out, as the reference's `save_pretrained` does.
   */
  readonly tiedTo?: string;
}
