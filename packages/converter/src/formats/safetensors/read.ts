import { describeContents } from "../../contents.js";
import { bitsOf } from "../../dtypes.js";
import { toFloat32, toTypedArray } from "../../elements.js";
import { WeightsError } from "../../errors.js";
import { findTensor, streamFloats } from "../../reader.js";
import { asFile, readPieces, readRange, type WeightsSource } from "../../source.js";
import type { ReadOptions, WeightsReader } from "../../types.js";
import { MAX_HEADER_BYTES, parseHeader } from "./header.js";

/** A reader that gets at any part of a tensor without reading the rest, as a table of many vectors needs. */
export interface SafetensorsReader extends WeightsReader {
  /**
   * `count` elements from `first` on, in row-major order, as float32.
   * @throws WeightsError when there is no such tensor; RangeError outside it.
   */
  slice(name: string, first: number, count: number, options?: ReadOptions): Promise<Float32Array>;
}

/**
 * Opens a safetensors file. Only the header is read now; tensors are read when asked for.
 * Format: https://github.com/huggingface/safetensors#format
 * @throws WeightsError "format" when the header does not describe exactly the bytes that follow it.
 */
export async function readSafetensors(source: WeightsSource): Promise<SafetensorsReader> {
  const file = asFile(source, "model.safetensors");
  if (file.size < 8) {
    throw new WeightsError("format", `${file.size} bytes are too few for a safetensors file`, { file: file.name });
  }
  const prefix = await readRange(file, 0, 8);
  const declared = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(Math.min(MAX_HEADER_BYTES, file.size - 8))) {
    const isBegun = file.size > 8 && (await readRange(file, 8, 1))[0] === 0x7b;
    if (isBegun && declared <= BigInt(MAX_HEADER_BYTES)) {
      const reason = `the file ends after ${file.size} bytes, within its header of ${declared}`;
      throw new WeightsError("format", `${reason}: it was cut off; download or copy it again`, { file: file.name });
    }
    const what = describeContents(await readRange(file, 0, Math.min(file.size, 16)));
    const limit = declared > BigInt(MAX_HEADER_BYTES) ? `${MAX_HEADER_BYTES} are allowed` : `the file has ${file.size}`;
    const reason = what ? `it is ${what}` : `it claims a header of ${declared} bytes, and ${limit}`;
    throw new WeightsError("format", `not a safetensors file: ${reason}`, { file: file.name });
  }
  const headerLength = Number(declared);
  const dataStart = 8 + headerLength;
  const { metadata, tensors } = parseHeader(await readRange(file, 8, headerLength), file.size - dataStart, file.name);

  const reader: SafetensorsReader = {
    format: "safetensors",
    metadata,
    tensors,
    async read(name, options) {
      const entry = findTensor(tensors, name, file.name);
      options?.signal?.throwIfAborted();
      return toTypedArray(await readRange(file, dataStart + entry.offset, entry.byteLength), entry.dtype);
    },
    async stream(name, sink, options) {
      await streamFloats(reader, findTensor(tensors, name, file.name), sink, options);
    },
    bytes(name, options) {
      const entry = findTensor(tensors, name, file.name);
      return readPieces(file, dataStart + entry.offset, entry.byteLength, bitsOf(entry.dtype), options);
    },
    async slice(name, first, count, options) {
      const { dtype, shape, offset } = findTensor(tensors, name, file.name);
      const size = shape.reduce((product, extent) => product * extent, 1);
      if (!(Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 0)) {
        throw new RangeError(`elements ${first} to ${first + count}: give whole numbers from 0 on`);
      }
      if (first + count > size) {
        throw new RangeError(`"${name}" has ${size} elements; ${first} to ${first + count} were asked for`);
      }
      options?.signal?.throwIfAborted();
      const bits = bitsOf(dtype);
      if (bits % 8 !== 0) throw new WeightsError("unsupported", `parts of ${dtype} tensors`, { file: file.name });
      const bytes = await readRange(file, dataStart + offset + (first * bits) / 8, (count * bits) / 8);
      return toFloat32(bytes, dtype, new Float32Array(count));
    },
    close: () => file.close(),
  };
  return reader;
}
