/**
 * A block of a backend's memory. The views are live: writes are seen by kernels, and a view is valid only until the
 * backend allocates again (a growing WebAssembly memory detaches them), so take a fresh one for each use. Memory that the
 * processor does not see has none: they throw BackendError, and numbers pass through {@link Backend.transfer}.
 */
export interface Storage {
  readonly byteLength: number;
  bytes(): Uint8Array;
  float32(): Float32Array;
  int32(): Int32Array;
}

/**
 * How kernels see a tensor: `rows` rows of `columns` adjacent elements. Consecutive rows start `stride` elements
 * apart, the first at element `offset` of the storage. Slices along the last axis are therefore free.
 */
export interface Matrix {
  readonly storage: Storage;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

/**
 * A weight matrix `[rows, columns]` (`[out_features, in_features]`, as checkpoints store it) in the layout that the
 * backend's matrix product reads. Packed once at load; the original layout is not kept.
 */
export interface PackedWeights {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: WeightDType;
  readonly byteLength: number;
}

/**
 * How packed weights are kept. int8: a scale for each row (output channel), symmetric; inputs of the product are then
 * quantised a row (token) at a time, sums are exact integers, and everything around the product stays float32.
 */
export type WeightDType = "float32" | "int8";

/** Rows of 8-bit weights in checkpoint layout: a weight is `values[row, column] * scales[row]`. */
export interface Int8Rows {
  /** `[rows, columns]`. */
  readonly values: Int8Array;
  /** `[rows]`. */
  readonly scales: Float32Array;
}

/**
 * Where the sequences of a batch lie in its rows of tokens: sequence `i` holds rows `offsets[i]` up to
 * `offsets[i + 1]`. A padded batch has equal steps; a ragged batch concatenates sequences of any length.
 */
export interface Sequences {
  readonly offsets: readonly number[];
}

/**
 * Where a gradient goes. Most hold numbers that a kernel adds to; a fresh one holds nothing yet, whatever its memory says,
 * and the kernel writes every element: clearing it first would cost a pass over memory.
 */
export interface GradientMatrix extends Matrix {
  readonly isFresh?: boolean;
}
