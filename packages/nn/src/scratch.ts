/**
 * Buffers that reordered tensors pass through, used again for the next one: a megabyte of garbage for each of a hundred
 * tensors would count in the peak, because the collector does not come that fast.
 */
export class Scratch {
  readonly #free: Float32Array[] = [];

  take(size: number): Float32Array {
    const index = this.#free.findIndex((buffer) => buffer.length >= size);
    const [buffer = new Float32Array(size)] = index < 0 ? [] : this.#free.splice(index, 1);
    return buffer;
  }

  give(buffer: Float32Array): void {
    this.#free.push(buffer);
  }

  clear(): void {
    this.#free.length = 0;
  }
}
