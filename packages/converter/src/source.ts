import type { RandomAccessFile } from "@convbert/files";
import { CHUNK_ELEMENTS } from "./elements.js";
import { WeightsError } from "./errors.js";
import { roomFor } from "./room.js";
import type { ReadOptions } from "./types.js";

/** What the readers accept: an open file, or the whole contents in memory. */
export type WeightsSource = RandomAccessFile | Uint8Array;

/** A file to read from, whichever of the two was given; `name` is used in messages for bytes in memory. */
export function asFile(source: WeightsSource, name: string): RandomAccessFile {
  if (!(source instanceof Uint8Array)) return source;
  return {
    name,
    size: source.length,
    bytes: source,
    async read(offset, target) {
      if (offset + target.length > source.length) {
        throw new WeightsError("format", `ends at ${source.length}, before byte ${offset + target.length}`, {
          file: name,
        });
      }
      target.set(source.subarray(offset, offset + target.length));
    },
    async close() {},
  };
}

/** Node reads at most 2 GiB in one go. */
const MOST_AT_ONCE = 2 ** 30;

/** `length` bytes at `offset`: a view where the file is in memory, else a fresh array. */
export async function readRange(file: RandomAccessFile, offset: number, length: number): Promise<Uint8Array> {
  if (offset < 0 || length < 0 || offset + length > file.size) {
    throw new WeightsError(
      "format",
      `the file ends at ${file.size}, but bytes ${offset} to ${offset + length} are needed`,
      {
        file: file.name,
      },
    );
  }
  if (file.bytes) return file.bytes.subarray(offset, offset + length);
  const target = roomFor(length, (size) => new Uint8Array(size), file.name);
  for (let done = 0; done < length; done += MOST_AT_ONCE) {
    await file.read(offset + done, target.subarray(done, done + MOST_AT_ONCE));
  }
  return target;
}

/** A buffer of each open file that the next tensor uses again; without it every tensor would leave a megabyte behind. */
const spareBuffers = new WeakMap<RandomAccessFile, Uint8Array>();

/** The same bytes in pieces of at most about 1 MB of float32 values, through one buffer that is used again. */
export async function* readPieces(
  file: RandomAccessFile,
  offset: number,
  length: number,
  bitsPerElement: number,
  options?: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const step = (CHUNK_ELEMENTS * bitsPerElement) / 8;
  if (file.bytes) {
    for (let done = 0; done < length; done += step) {
      options?.signal?.throwIfAborted();
      yield await readRange(file, offset + done, Math.min(step, length - done));
    }
    return;
  }
  const needed = Math.min(step, length);
  let buffer = spareBuffers.get(file);
  // Taken, so that another tensor read at the same time gets its own.
  spareBuffers.delete(file);
  if (buffer === undefined || buffer.length < needed) buffer = new Uint8Array(needed);
  try {
    for (let done = 0; done < length; done += step) {
      options?.signal?.throwIfAborted();
      const piece = buffer.subarray(0, Math.min(step, length - done));
      await file.read(offset + done, piece);
      yield piece;
    }
  } finally {
    spareBuffers.set(file, buffer);
  }
}
