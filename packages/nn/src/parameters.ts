import { type Backend, type Matrix, type PackedWeights, Tensor, type WeightDType } from "@convbert/tensor";
import { sizeOf, type Trainable } from "@convbert/tensor/internal";
import { DisposedModelError } from "./errors.js";
import { type Int8Place, isInt8Sized, packedInt8Place, reorderedInt8, wholeRows } from "./int8-places.js";
import type { Random } from "./random.js";

/**
 * How the reference initialises a weight (`_init_weights`): normal with `initializer_range`, or constant. An embedding's
 * padding row is zero.
 */
export type Initialiser = "normal" | "zeros" | "ones" | { readonly kind: "normal"; readonly zeroRow: number };

/** One weight of a model under its checkpoint name, in the checkpoint's shape and element order. */
export interface Parameter {
  /** As in the reference's state dict, "encoder.layer.0.output.dense.weight". */
  readonly name: string;
  readonly shape: readonly number[];
  /** Another parameter that this one always equals; it is not stored twice in a checkpoint. */
  readonly tiedTo?: string;
  /** Stores values; they arrive in order, `offset` counting elements from the start of the tensor. */
  write(offset: number, values: Float32Array): void;
  /** A copy of all values. */
  read(): Float32Array;
  /** Where the values live; the same values in another set of buffers (gradients) through {@link Place.in}. */
  readonly place: Place;
  initialise(random: Random, deviation: number): void;
}

/** Reorders a whole tensor from the checkpoint's order into the kernels' and back, into an array of the same size. */
export interface Layout {
  toKernel(values: WeightArray, target: WeightArray): void;
  toCheckpoint(values: WeightArray, target: WeightArray): void;
  /** The order of the output channels; absent where the layout leaves them as they are. */
  readonly channels?: Layout;
}

/** Float32 values, or the integers of an int8 weight. */
export type WeightArray = Float32Array | Int8Array;

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

/** Finds the buffer that stands for a trainable elsewhere, its gradient for instance. */
export type BufferLookup = (trainable: Trainable) => Trainable;

/** Where a parameter's values live. */
export interface Place {
  write(offset: number, values: Float32Array): void;
  read(): Float32Array;
  /** What the values are part of; one matrix product can hold several parameters. */
  readonly trainables: readonly Trainable[];
  /** The same place in other buffers of the same layout. */
  in(lookup: BufferLookup): Place;
  /** The values as matrices in the kernels' order, for updates element by element. */
  elements(): Matrix[];
  /** The values as 8-bit integers; null for what stays float32 in an int8 model. */
  readonly int8: Int8Place | null;
}

/** The values of a tensor, or `size` of them from `start`, in its own order. */
export function tensorPlace(tensor: Tensor<"float32">, start = 0, size = tensor.size): Place {
  return {
    write: (offset, values) => tensor.data.set(values, start + offset),
    read: () => tensor.data.slice(start, start + size),
    trainables: [tensor],
    in: (lookup) => tensorPlace(lookup(tensor) as Tensor<"float32">, start, size),
    elements: () => {
      const { storage, offset } = tensor.matrix();
      return [{ storage, offset: offset + start, rows: 1, columns: size, stride: size }];
    },
    int8: null,
  };
}

/** Rows `firstRow` to `firstRow + rows` of packed weights; rows that arrive in pieces are put together first. */
export function packedPlace(backend: Backend, weights: PackedWeights, firstRow: number, rows: number): Place {
  const { columns } = weights;
  return {
    write: wholeRows<Float32Array>(columns, (row, values) => backend.packRows(weights, firstRow + row, values)),
    read: () => backend.unpackRows(weights, firstRow, rows),
    trainables: [weights],
    in: (lookup) => packedPlace(backend, lookup(weights) as PackedWeights, firstRow, rows),
    elements: () => backend.gradients.packedElements(weights, firstRow, rows),
    int8: isInt8Sized(weights.rows, columns) ? packedInt8Place(backend, weights, firstRow, rows) : null,
  };
}

/** A place behind a reordering: the values are collected until the tensor is complete. */
export function reordered(place: Place, size: number, layout: Layout, scratch: Scratch): Place {
  let collected: Float32Array | null = null;
  return {
    write(offset, values) {
      collected ??= scratch.take(size);
      collected.set(values, offset);
      if (offset + values.length === size) {
        const kernel = scratch.take(size);
        layout.toKernel(collected.subarray(0, size), kernel);
        place.write(0, kernel.subarray(0, size));
        scratch.give(kernel);
        scratch.give(collected);
        collected = null;
      }
    },
    read() {
      const values = new Float32Array(size);
      layout.toCheckpoint(place.read(), values);
      return values;
    },
    trainables: place.trainables,
    in: (lookup) => reordered(place.in(lookup), size, layout, scratch),
    elements: place.elements,
    int8: place.int8 && reorderedInt8(place.int8, size, layout, scratch),
  };
}

/** Throws unless a model that is made from a file may have `taken` weights, the last of them at `path`. */
export type Room = (taken: number, path: string) => void;

/** All weights of one model by name, in the reference's order. */
export class ParameterStore {
  /** How weights of large matrix products are kept. */
  readonly dtype: WeightDType;
  readonly scratch = new Scratch();
  readonly #parameters = new Map<string, Parameter>();
  #closedBy: string | null = null;
  #room: Room | null;
  #taken = 0;

  /** `room` bounds what may be declared; null for a model whose sizes nobody else has chosen. */
  constructor(dtype: WeightDType = "float32", room: Room | null = null) {
    this.dtype = dtype;
    this.#room = room;
  }

  /** The model is made; what changes its shapes from now on is somebody's wish. */
  liftRoom(): void {
    this.#room = null;
  }

  /** Called before memory for `elements` weights is taken; `path` is where in the model. */
  reserve(elements: number, path: string): void {
    this.#taken += elements;
    this.#room?.(this.#taken, path);
  }

  /** The memory behind the weights is gone: from now on they neither read nor write. `model` goes into the error. */
  close(model: string): void {
    this.#closedBy = model;
  }

  /** Throws DisposedModelError after {@link close}. */
  assertOpen(): void {
    if (this.#closedBy !== null) {
      throw new DisposedModelError(this.#closedBy);
    }
  }

  /** Adds a parameter, or replaces the one of that name in its place of the order. */
  add(name: string, shape: readonly number[], initialiser: Initialiser, place: Place, tiedTo?: string): void {
    const size = sizeOf(shape);
    this.#parameters.set(name, {
      name,
      shape,
      ...(tiedTo !== undefined && { tiedTo }),
      write: (offset, values) => {
        this.assertOpen();
        place.write(offset, values);
      },
      read: () => {
        this.assertOpen();
        return place.read();
      },
      place,
      initialise(random, deviation) {
        // In pieces, so that a large embedding does not need its size once more.
        const piece = new Float32Array(Math.min(size, 1 << 18));
        for (let offset = 0; offset < size; offset += piece.length) {
          const part = piece.subarray(0, Math.min(piece.length, size - offset));
          if (initialiser === "ones" || initialiser === "zeros") {
            part.fill(initialiser === "ones" ? 1 : 0);
          } else {
            random.fillNormal(part, deviation);
          }
          if (typeof initialiser === "object") {
            const columns = shape.at(-1)!;
            const start = initialiser.zeroRow * columns - offset;
            part.fill(0, Math.max(0, start), Math.max(0, start + columns));
          }
          place.write(offset, part);
        }
      },
    });
  }

  get(name: string): Parameter | undefined {
    return this.#parameters.get(name);
  }

  values(): IterableIterator<Parameter> {
    return this.#parameters.values();
  }
}

/** A place in the module tree: what is declared under it gets its path as the weight name. */
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
    const place = tensorPlace(tensor);
    this.store.add(
      this.path(name),
      shape,
      initialiser,
      kernel.layout ? reordered(place, sizeOf(shape), kernel.layout, this.store.scratch) : place,
    );
    return tensor;
  }

  /** Memory for a tensor that is declared by itself, through {@link place}. */
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
    const place = packedPlace(this.backend, weights, firstRow, count);
    this.store.add(
      this.path(name),
      shape,
      "normal",
      layout ? reordered(place, sizeOf(shape), layout, this.store.scratch) : place,
    );
  }

  /** A weight that lives in several places, or elsewhere. */
  place(name: string, shape: readonly number[], initialiser: Initialiser, place: Place, tiedTo?: string): void {
    this.store.add(this.path(name), shape, initialiser, place, tiedTo);
  }

  /** The same place, but with memory that can be given back before the whole model's: {@link dispose} frees only it. */
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
