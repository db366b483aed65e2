import type { Backend } from "@convbert/tensor";
import { BufferStore } from "@convbert/tensor/internal";
import type { Parameter } from "./parameters.js";
import type { Slot } from "./slots.js";

/**
 * One buffer for each of some parameters, under the same names and in the same layout: gradients, or an optimizer's running
 * means. All start as zeros. Parameters that share a matrix product share its buffer.
 */
export class ParameterBuffers implements Disposable {
  /** What a tape adds gradients to. */
  readonly store: BufferStore;
  readonly #slots = new Map<string, Slot>();

  /** Tied parameters stand for the one that they equal. Throws TensorError for int8 weights. */
  constructor(backend: Backend, parameters: Iterable<Parameter>) {
    const all = [...parameters].filter(({ tiedTo }) => tiedTo === undefined);
    this.store = new BufferStore(
      backend,
      all.flatMap(({ slot }) => slot.trainables),
    );
    for (const { name, slot } of all) {
      this.#slots.set(
        name,
        slot.in((trainable) => this.store.get(trainable)!),
      );
    }
  }

  /** Names of the parameters, in the model's order. */
  names(): IterableIterator<string> {
    return this.#slots.keys();
  }

  /** Where a parameter's buffer lies: read and written in the checkpoint's order. Throws RangeError for another name. */
  slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) {
      throw new RangeError(`ParameterBuffers: there is no buffer for "${name}"`);
    }
    return slot;
  }

  zero(): void {
    this.store.zero();
  }

  dispose(): void {
    this.store.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
