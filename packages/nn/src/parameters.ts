import type { WeightDType } from "@convbert/tensor";
import { sizeOf } from "@convbert/tensor/internal";
import { DisposedModelError } from "./errors.js";
import type { Random } from "./random.js";
import { Scratch } from "./scratch.js";
import type { Slot } from "./slots.js";

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
  /** A copy of all values. Throws BackendError where the processor does not see the memory; {@link fetch} works everywhere. */
  read(): Float32Array;
  /** A copy of all values as they are now. */
  fetch(): Promise<Float32Array>;
  /** Where the values live; the same values in another set of buffers (gradients) through {@link Slot.in}. */
  readonly slot: Slot;
  initialise(random: Random, deviation: number): void;
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

  /** Adds a parameter, or replaces the one of that name at its position in the order. */
  add(name: string, shape: readonly number[], initialiser: Initialiser, slot: Slot, tiedTo?: string): void {
    const size = sizeOf(shape);
    this.#parameters.set(name, {
      name,
      shape,
      ...(tiedTo !== undefined && { tiedTo }),
      write: (offset, values) => {
        this.assertOpen();
        slot.write(offset, values);
      },
      read: () => {
        this.assertOpen();
        return slot.read();
      },
      fetch: async () => {
        this.assertOpen();
        return slot.fetch();
      },
      slot,
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
          slot.write(offset, part);
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
