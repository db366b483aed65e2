import { gradientsOf } from "../src/backend.js";
import type { Backend, GradientKernels, Matrix, PackedWeights } from "../src/index.js";
import { numbers } from "./numbers.js";

/** Makes matrices of a backend from numbers that are the same on every backend, and reads them again. */
export class Rig {
  readonly backend: Backend;
  /** Elements between rows beyond their length. */
  readonly gap: number;
  #seed: number;

  constructor(backend: Backend, seed: number, gap = 0) {
    this.backend = backend;
    this.gap = gap;
    this.#seed = seed;
  }

  get gradients(): GradientKernels {
    return gradientsOf(this.backend);
  }

  values(count: number, scale = 1): Float32Array {
    return numbers(count, this.#seed++, scale);
  }

  of(values: ArrayLike<number>, rows: number, columns: number): Matrix {
    const stride = columns + this.gap;
    const storage = this.backend.allocate(Math.max(1, rows) * stride * 4 + 16);
    // What lies between rows must neither count nor change.
    const all = storage.float32().fill(Number.NaN);
    for (let row = 0; row < rows; row++) {
      all.set(
        Array.from({ length: columns }, (_, column) => values[row * columns + column]!),
        3 + row * stride,
      );
    }
    return { storage, offset: 3, rows, columns, stride };
  }

  random(rows: number, columns: number, scale = 1): Matrix {
    return this.of(this.values(rows * columns, scale), rows, columns);
  }

  /** A gradient that holds nothing yet; what lies in its memory must not count. */
  fresh(rows: number, columns: number): Matrix & { readonly isFresh: true } {
    return { ...this.of(new Float32Array(rows * columns).fill(Number.NaN), rows, columns), isFresh: true };
  }

  indices(values: readonly number[]): Matrix {
    const storage = this.backend.allocate(Math.max(1, values.length) * 4);
    storage.int32().set(values);
    return { storage, offset: 0, rows: 1, columns: values.length, stride: values.length };
  }

  packed(rows: number, columns: number): PackedWeights {
    const weights = this.backend.createPacked(rows, columns);
    this.backend.packRows(weights, 0, this.values(rows * columns));
    return weights;
  }

  /** The elements; throws when a kernel wrote between the rows. */
  read(matrix: Matrix): Float32Array {
    const all = matrix.storage.float32();
    const values = new Float32Array(matrix.rows * matrix.columns);
    for (let row = 0; row < matrix.rows; row++) {
      const start = matrix.offset + row * matrix.stride;
      values.set(all.subarray(start, start + matrix.columns), row * matrix.columns);
      const between = all.subarray(start + matrix.columns, start + matrix.stride);
      if (row + 1 < matrix.rows && between.some((value) => !Number.isNaN(value))) {
        throw new Error(`written behind row ${row}`);
      }
    }
    return values;
  }

  unpack(weights: PackedWeights): Float32Array {
    return this.backend.unpackRows(weights, 0, weights.rows);
  }
}
