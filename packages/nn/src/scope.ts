import { type Backend, type PackedWeights, Tensor } from "@convbert/tensor";
import { sizeOf } from "@convbert/tensor/internal";
import { isInt8Sized } from "./int8-slots.js";
import type { Layout } from "./layouts.js";
import type { Initialiser, ParameterStore } from "./parameters.js";
import { packedSlot, reorderedSlot, type Slot, tensorSlot } from "./slots.js";

/** A node of the module tree: what is declared under it gets its path as the weight name. */
export class Scope {
  readonly backend: Backend;
  readonly store: ParameterStore;
  readonly #path: string;
  readonly #owned: (() => void)[];

  constructor(backend: Backend, store: ParameterStore, path = "", owned: (() => void)[] = []) {
    this.backend = backend;
    this.store = store;
    this.#path = path;
    this.#owned = owned;
  }

  scope(name: string | number): Scope {
    return new Scope(this.backend, this.store, this.path(String(name)), this.#owned);
  }

  path(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  /** A weight that kernels read as a tensor, of another shape than the checkpoint's where a layout is given. */
  tensor(
    name: string,
    shape: readonly number[],
    initialiser: Initialiser,
    kernel: { shape: readonly number[]; layout?: Layout } = { shape },
  ): Tensor<"float32"> {
    const tensor = this.owned(...kernel.shape);
    const slot = tensorSlot(tensor);
    this.store.add(
      this.path(name),
      shape,
      initialiser,
      kernel.layout ? reorderedSlot(slot, sizeOf(shape), kernel.layout, this.store.scratch) : slot,
    );
    return tensor;
  }

  /** Memory for a tensor that is declared by itself, through {@link slot}. */
  owned(...shape: number[]): Tensor<"float32"> {
    this.store.reserve(
      shape.reduce((product, extent) => product * extent, 1),
      this.#path,
    );
    const tensor = Tensor.allocate(this.backend, shape);
    this.#owned.push(() => tensor.dispose());
    return tensor;
  }

  /** Room for a matrix product's weights; declare what fills its rows with {@link rows}. */
  packed(rows: number, columns: number): PackedWeights {
    this.store.reserve(rows * columns, this.#path);
    const weights = this.backend.createPacked(rows, columns, isInt8Sized(rows, columns) ? this.store.dtype : "float32");
    this.#owned.push(() => this.backend.releasePacked(weights));
    return weights;
  }

  /** A weight that is some rows of a packed matrix. */
  rows(
    name: string,
    shape: readonly number[],
    weights: PackedWeights,
    firstRow: number,
    count: number,
    layout?: Layout,
  ): void {
    const slot = packedSlot(this.backend, weights, firstRow, count);
    this.store.add(
      this.path(name),
      shape,
      "normal",
      layout ? reorderedSlot(slot, sizeOf(shape), layout, this.store.scratch) : slot,
    );
  }

  /** A weight of a slot of its own: several together, or one that lives elsewhere. */
  slot(name: string, shape: readonly number[], initialiser: Initialiser, slot: Slot, tiedTo?: string): void {
    this.store.add(this.path(name), shape, initialiser, slot, tiedTo);
  }

  /** The same path, but with memory that can be given back before the whole model's: {@link dispose} frees only it. */
  owning(): Scope {
    const owned: (() => void)[] = [];
    const scope = new Scope(this.backend, this.store, this.#path, owned);
    this.#owned.push(() => scope.dispose());
    return scope;
  }

  /** Gives back the memory of everything that was declared from this scope's owner. */
  dispose(): void {
    for (const release of this.#owned.splice(0)) {
      release();
    }
  }
}
