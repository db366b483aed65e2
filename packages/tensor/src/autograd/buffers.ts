import type { Backend } from "../backend.js";
import { gradientsOf } from "../backend.js";
import { TensorError } from "../errors.js";
import type { Matrix, PackedWeights } from "../operands.js";
import { keep } from "../scope.js";
import { Tensor } from "../tensor.js";

/** What can be trained: a tensor, or the packed weights of a matrix product. */
export type Trainable = Tensor<"float32"> | PackedWeights;

/** Whether a trainable is a tensor. */
export function isTensor(trainable: Trainable): trainable is Tensor<"float32"> {
  return trainable instanceof Tensor;
}

/**
 * One buffer of the same layout for each of some trainables: their gradients, or an optimizer's running means. It is
 * allocated once and starts as zeros; gradients of several batches add up in it until {@link BufferStore.zero}.
 */
export class BufferStore implements Disposable {
  readonly #backend: Backend;
  readonly #buffers = new Map<object, Trainable>();

  /** Throws TensorError for int8 weights, which cannot be trained, and BackendError for a backend without gradients. */
  constructor(backend: Backend, trainables: Iterable<Trainable>) {
    this.#backend = backend;
    gradientsOf(backend);
    for (const trainable of trainables) {
      const key = keyOf(trainable);
      if (this.#buffers.has(key)) {
        continue;
      }
      if (isTensor(trainable)) {
        this.#buffers.set(key, keep(Tensor.allocate(backend, [trainable.blockElements])));
      } else {
        if (trainable.dtype !== "float32") {
          this.dispose();
          throw new TensorError("BufferStore", `${trainable.dtype} weights cannot be trained; load them as "float32"`);
        }
        this.#buffers.set(key, backend.createPacked(trainable.rows, trainable.columns));
      }
    }
    this.zero();
  }

  /** The buffer of a trainable (of a tensor's whole block, in its order); undefined for one that has none. */
  get(trainable: Trainable): Trainable | undefined {
    return this.#buffers.get(keyOf(trainable));
  }

  /** @internal The same by block. */
  getByKey(key: object): Trainable | undefined {
    return this.#buffers.get(key);
  }

  /** Sets every buffer to zeros. */
  zero(): void {
    for (const buffer of this.#buffers.values()) {
      for (const elements of elementsOf(this.#backend, buffer)) {
        gradientsOf(this.#backend).fill(elements, 0);
      }
    }
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) {
      if (isTensor(buffer)) {
        buffer.dispose();
      } else {
        this.#backend.releasePacked(buffer);
      }
    }
    this.#buffers.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What identifies a trainable: views of one block are the same. */
export function keyOf(trainable: Trainable): object {
  return isTensor(trainable) ? trainable.block : trainable;
}

/** All elements as matrices, for kernels that go element by element. */
export function elementsOf(backend: Backend, trainable: Trainable): Matrix[] {
  return isTensor(trainable)
    ? [{ ...trainable.matrix(), rows: 1, columns: trainable.size, stride: trainable.size }]
    : gradientsOf(backend).packedElements(trainable, 0, trainable.rows);
}
