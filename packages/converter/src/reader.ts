import { bitsOf } from "./dtypes.js";
import { CHUNK_ELEMENTS, toFloat32 } from "./elements.js";
import { WeightsError } from "./errors.js";
import type { ReadOptions, TensorInfo, WeightsReader } from "./types.js";

/** Looks a tensor up, or says which names the file has. */
export function findTensor<T extends TensorInfo>(tensors: ReadonlyMap<string, T>, name: string, file?: string): T {
  const found = tensors.get(name);
  if (!found) {
    const near = [...tensors.keys()].filter((key) => key.endsWith(name) || name.endsWith(key)).slice(0, 3);
    const hint = near.length > 0 ? `; it has ${near.join(", ")}` : ` among its ${tensors.size} tensors`;
    throw new WeightsError("missing", `no tensor ${name}${hint}`, { tensor: name, ...(file && { file }) });
  }
  return found;
}

/** A buffer of each reader that the next tensor is widened in; a new one for each would leave a megabyte behind. */
const spareFloats = new WeakMap<object, Float32Array>();

/** `WeightsReader.stream` on top of `WeightsReader.bytes`. */
export async function streamFloats(
  reader: Pick<WeightsReader, "bytes">,
  info: TensorInfo,
  sink: (elementOffset: number, values: Float32Array) => void,
  options?: ReadOptions,
): Promise<void> {
  if (info.dtype === "C64") {
    throw new WeightsError("unsupported", `${info.name} is complex and cannot be streamed as float32; use read()`, {
      tensor: info.name,
    });
  }
  const bits = bitsOf(info.dtype);
  let scratch = spareFloats.get(reader) ?? new Float32Array(0);
  // Taken, so that another tensor read at the same time gets its own.
  spareFloats.delete(reader);
  let offset = 0;
  try {
    for await (const piece of reader.bytes(info.name, options)) {
      const count = (piece.length * 8) / bits;
      const inPlace = info.dtype === "F32" && piece.byteOffset % 4 === 0;
      if (!inPlace && scratch.length < count) {
        scratch = new Float32Array(Math.max(count, Math.min(CHUNK_ELEMENTS, (info.byteLength * 8) / bits)));
      }
      sink(offset, toFloat32(piece, info.dtype, inPlace ? scratch : scratch.subarray(0, count)));
      offset += count;
    }
  } finally {
    spareFloats.set(reader, scratch);
  }
}
