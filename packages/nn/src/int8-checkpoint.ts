import type { NamedTensor, ReadOptions, TensorInfo, WeightsReader } from "@convbert/converter";
import { sizeOf } from "@convbert/tensor/internal";
import { CheckpointError } from "./errors.js";
import type { Int8Slot } from "./int8-slots.js";
import type { Parameter } from "./parameters.js";

// How int8 weights lie in a file: an I8 tensor under the weight's own name and in its own shape, and beside it the scales
// under that name with "_scale" behind it, F32, in a shape that broadcasts: weight = values * scale. Everything else is
// stored as in any other checkpoint.

const SCALE = "_scale";

/** What config.json says of int8 weights, for people and for other programs: they must refuse what they do not know. */
export const QUANTIZATION_CONFIG = {
  quant_method: "convbert-int8",
  bits: 8,
  weights: "symmetric, one scale for each output channel (embeddings: each row), under <name>_scale",
  activations: "symmetric, one scale for each token, at run time",
} as const;

/** The shape of a weight's scales, a channel being a row, or a column of a group of `[groups, in / groups, out / groups]`. */
function scaleShape(shape: readonly number[], channels: number): number[] {
  const [rows = 1, inner] = shape;
  return rows === channels || inner === undefined
    ? shape.map((extent, axis) => (axis === 0 ? extent : 1))
    : shape.map((extent, axis) => (axis === 1 ? 1 : extent));
}

/** The two tensors of a weight. */
export function int8Tensors({ name, shape, tiedTo }: Parameter, slot: Int8Slot): NamedTensor[] {
  const tie = (suffix: string) => tiedTo !== undefined && { tiedTo: tiedTo + suffix };
  // Each reads the weight for itself: a file has all scales before the first integer, and nothing is kept that long.
  return [
    { name, dtype: "I8", shape, data: async () => (await slot.fetch()).values, ...tie("") },
    {
      name: name + SCALE,
      dtype: "F32",
      shape: scaleShape(shape, slot.channels),
      data: async () => (await slot.fetch()).scales,
      ...tie(SCALE),
    },
  ];
}

/** What a weight is loaded into. */
export type LoadTarget = Pick<Parameter, "write" | "shape"> & { readonly slot: Pick<Parameter["slot"], "int8"> };

/** The int8 weights of a checkpoint. */
export class Int8Checkpoint {
  readonly #reader: WeightsReader;
  readonly #location: string;

  constructor(reader: WeightsReader, location: string) {
    this.#reader = reader;
    this.#location = location;
  }

  #isInt8(name: string): boolean {
    return this.#reader.tensors.get(name)?.dtype === "I8";
  }

  /** Whether there are any. */
  get present(): boolean {
    return [...this.#reader.tensors.keys()].some((name) => this.#isInt8(name));
  }

  /** Everything but the scales, which are no weights of their own. */
  list(): TensorInfo[] {
    return [...this.#reader.tensors.values()].filter(
      ({ name }) => !(name.endsWith(SCALE) && this.#isInt8(name.slice(0, -SCALE.length))),
    );
  }

  /** Loads the tensor `found` into a parameter, without a detour through float32 where both have 8 bits. */
  async load(found: string, { write, shape, slot }: LoadTarget, options: ReadOptions): Promise<void> {
    if (!this.#isInt8(found)) {
      await this.#reader.stream(found, write, options);
      return;
    }
    const scales = await this.#scales(found, options);
    const channels = slot.int8?.channels ?? shape[0] ?? 1;
    if (scales.length !== channels) {
      throw new CheckpointError(
        this.#location,
        `${found + SCALE} has ${scales.length} scales, and ${found} has ${channels} output channels`,
      );
    }
    if (slot.int8 === null) {
      await this.#reader.stream(
        found,
        (offset, values) => {
          scale(values, offset, shape, scales);
          write(offset, values);
        },
        options,
      );
      return;
    }
    let offset = 0;
    for await (const piece of this.#reader.bytes(found, options)) {
      slot.int8.write(offset, new Int8Array(piece.buffer, piece.byteOffset, piece.length), scales);
      offset += piece.length;
    }
  }

  async #scales(found: string, options: ReadOptions): Promise<Float32Array> {
    const name = found + SCALE;
    if (!this.#reader.tensors.has(name)) {
      throw new CheckpointError(
        this.#location,
        `${found} holds 8-bit integers, and there are no scales (${name}) that say what they stand for; ` +
          "was the model quantised by another tool? Load its float32 or float16 weights instead",
      );
    }
    const parts: Float32Array[] = [];
    await this.#reader.stream(name, (_offset, values) => parts.push(values.slice()), options);
    const scales = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      scales.set(part, at);
      at += part.length;
    }
    return scales;
  }
}

/** Multiplies the integers of a weight, from the one at `offset` on, by the scales of their rows. */
function scale(values: Float32Array, offset: number, shape: readonly number[], scales: Float32Array): void {
  const size = sizeOf(shape) / scales.length;
  for (let i = 0; i < values.length; ) {
    const row = Math.floor((offset + i) / size);
    const end = Math.min(values.length, (row + 1) * size - offset);
    for (; i < end; i++) {
      values[i] = values[i]! * scales[row]!;
    }
  }
}
