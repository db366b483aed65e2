import { bitsOf } from "../dtypes.js";
import { toTypedArray } from "../elements.js";
import { WeightsError } from "../errors.js";
import type { NamedShape } from "../match.js";
import { findTensor, streamFloats } from "../reader.js";
import { gather } from "../strided.js";
import type { NamedTensor, ReadOptions, TensorInfo, WeightsReader } from "../types.js";
import { checkTensors, wireBytes } from "../wire.js";

/** A tensor under one of its two names, and how its axes lie against the other's. */
export interface RenamedTensor extends NamedShape {
  /**
   * For each of its axes, the axis of the other tensor that it is: [1, 0] for a transposed matrix. Absent where the
   * elements have the same order, even if the shapes differ in axes of one element.
   */
  readonly axes?: readonly number[];
}

/**
 * A format's names and layouts against the canonical ones, which are PyTorch's. Both ways are given, and a test holds
 * them to be inverse.
 */
export interface NameTable {
  /** The canonical tensor that a tensor of the format is; null for what is no weight of a model, which keeps its name. */
  canonical(stored: NamedShape): RenamedTensor | null;
  /**
   * Under which names the format keeps a canonical tensor: several where it repeats it, none where another tensor
   * implies it; null where it has no place for such a tensor.
   */
  stored(canonical: NamedShape): readonly RenamedTensor[] | null;
}

/** A reader whose tensors have a table's canonical names and shapes. Of tensors that become one the first counts. */
export function renamedReader(reader: WeightsReader, table: NameTable, format: string): WeightsReader {
  const tensors = new Map<string, TensorInfo>();
  const sources = new Map<string, { readonly info: TensorInfo; readonly axes?: readonly number[] }>();
  for (const info of reader.tensors.values()) {
    const { tiedTo: _tie, ...plain } = info;
    const { name, shape, axes } = table.canonical(info) ?? { name: info.name, shape: info.shape };
    if (tensors.has(name)) continue;
    tensors.set(name, { ...plain, name, shape });
    sources.set(name, { info, ...(axes && !isIdentity(axes) && { axes }) });
  }
  const source = (name: string) => sources.get(findTensor(tensors, name).name)!;
  const renamed: WeightsReader = {
    format,
    metadata: reader.metadata,
    tensors,
    async read(name, options) {
      const { info, axes } = source(name);
      if (axes === undefined) return reader.read(info.name, options);
      return toTypedArray(await joined(renamed.bytes(name, options), info.byteLength), info.dtype);
    },
    async stream(name, sink, options) {
      const { info, axes } = source(name);
      if (axes === undefined) return reader.stream(info.name, sink, options);
      await streamFloats(renamed, tensors.get(name)!, sink, options);
    },
    bytes(name, options) {
      const { info, axes } = source(name);
      return axes === undefined
        ? reader.bytes(info.name, options)
        : permuted(reader.bytes(info.name, options), info, axes, options);
    },
    close: () => reader.close(),
  };
  return renamed;
}

/**
 * The tensors as a format stores them: under its names, each as often as it keeps it.
 * @throws WeightsError "unsupported" for one that the format has no place for.
 */
export function renamedTensors(tensors: Iterable<NamedTensor>, table: NameTable, title: string): NamedTensor[] {
  return checkTensors(tensors).flatMap((tensor) => {
    const copies = table.stored(tensor);
    if (copies === null) {
      throw new WeightsError("unsupported", `${title} has no place for ${tensor.name}`, { tensor: tensor.name });
    }
    return copies.map(({ name, shape, axes }): NamedTensor => {
      const { dtype } = tensor;
      const data =
        axes && !isIdentity(axes) ? () => permuted(wireBytes(tensor), tensor, axes) : () => wireBytes(tensor);
      return { name, dtype, shape, data };
    });
  });
}

function isIdentity(axes: readonly number[]): boolean {
  return axes.every((axis, i) => axis === i);
}

/** The elements of a tensor in the order of its permuted axes; takes the whole tensor into memory. */
async function* permuted(
  pieces: AsyncIterable<Uint8Array>,
  { name, dtype, shape, byteLength }: TensorInfo,
  axes: readonly number[],
  options?: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const bits = bitsOf(dtype);
  if (bits % 8 !== 0) {
    throw new WeightsError("unsupported", `${name}: the axes of ${dtype} values cannot be exchanged`, { tensor: name });
  }
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const whole = await joined(pieces, byteLength);
  yield* gather(
    whole,
    axes.map((axis) => shape[axis]!),
    axes.map((axis) => strides[axis]!),
    bits / 8,
    options,
  );
}

async function joined(pieces: AsyncIterable<Uint8Array>, byteLength: number): Promise<Uint8Array> {
  const whole = new Uint8Array(byteLength);
  let filled = 0;
  for await (const piece of pieces) {
    whole.set(piece, filled);
    filled += piece.length;
  }
  return whole;
}
