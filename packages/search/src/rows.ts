import type { Backend, PackedWeights, WeightDType } from "@convbert/tensor";

/** Vectors of one block: a matrix product with it is one call of a kernel. */
export const BLOCK = 8192;

/** Vectors in the kernels' memory, in blocks, so that adding one moves no other. */
export class VectorRows {
  readonly #backend: Backend;
  readonly #size: number;
  readonly #dtype: WeightDType;
  readonly #blocks: PackedWeights[] = [];
  /** Rows that were ever used; the last block's others are undefined. */
  count = 0;

  constructor(backend: Backend, size: number, dtype: WeightDType) {
    this.#backend = backend;
    this.#size = size;
    this.#dtype = dtype;
  }

  /** Blocks with their first rows and how many rows of each are used. */
  *blocks(): Generator<{ readonly weights: PackedWeights; readonly first: number; readonly count: number }> {
    for (const [index, weights] of this.#blocks.entries()) {
      const first = index * BLOCK;
      if (first >= this.count) return;
      yield { weights, first, count: Math.min(BLOCK, this.count - first) };
    }
  }

  /** Writes whole rows from `first` on; new ones only behind the last. */
  write(first: number, values: Float32Array): void {
    const total = values.length / this.#size;
    for (let done = 0; done < total; ) {
      const row = first + done;
      const at = row % BLOCK;
      const rows = Math.min(BLOCK - at, total - done);
      this.#backend.packRows(this.#block(row), at, values.subarray(done * this.#size, (done + rows) * this.#size));
      done += rows;
    }
    this.count = Math.max(this.count, first + total);
  }

  /** The numbers of rows, of int8 ones what they stand for. */
  read(first: number, rows = 1): Float32Array {
    const values = new Float32Array(rows * this.#size);
    for (let done = 0; done < rows; ) {
      const at = (first + done) % BLOCK;
      const part = Math.min(BLOCK - at, rows - done);
      values.set(this.#backend.unpackRows(this.#block(first + done), at, part), done * this.#size);
      done += part;
    }
    return values;
  }

  /** Rows as they are kept in 8 bits, within one block. */
  readInt8(first: number, rows: number) {
    return this.#backend.unpackInt8Rows(this.#block(first), first % BLOCK, rows);
  }

  /** Writes rows that are quantised already, within one block. */
  writeInt8(first: number, rows: { readonly values: Int8Array; readonly scales: Float32Array }): void {
    this.#backend.packInt8Rows(this.#block(first), first % BLOCK, rows);
    this.count = Math.max(this.count, first + rows.scales.length);
  }

  dispose(): void {
    for (const weights of this.#blocks.splice(0)) this.#backend.releasePacked(weights);
    this.count = 0;
  }

  #block(row: number): PackedWeights {
    const index = Math.floor(row / BLOCK);
    while (this.#blocks.length <= index) {
      this.#blocks.push(this.#backend.createPacked(BLOCK, this.#size, this.#dtype));
    }
    return this.#blocks[index]!;
  }
}
