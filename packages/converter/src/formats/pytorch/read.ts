import type { RandomAccessFile } from "@convbert/files";
import { describeContents } from "../../contents.js";
import { bitsOf } from "../../dtypes.js";
import { CHUNK_ELEMENTS, toTypedArray } from "../../elements.js";
import { WeightsError } from "../../errors.js";
import { findTensor, streamFloats } from "../../reader.js";
import { roomFor } from "../../room.js";
import { asFile, readPieces, readRange, type WeightsSource } from "../../source.js";
import { gather, isContiguous, swapBytes } from "../../strided.js";
import type { ReadOptions, WeightsReader } from "../../types.js";
import { type Checkpoint, readArchive } from "./archive.js";
import { readLegacy } from "./legacy.js";
import type { StoredTensor } from "./state-dict.js";

/**
 * Opens a file of `torch.save`: a state dict, or a checkpoint that holds one under `state_dict`, `model` and the like;
 * the zip layout and the one before PyTorch 1.6. The pickle inside is interpreted against a list of what weights need,
 * and nothing of it is run: a file that asks for anything else is refused.
 * @throws WeightsError "format" when the file is damaged or hostile, "unsupported" for what has no dense values.
 */
export async function readPyTorch(source: WeightsSource): Promise<WeightsReader> {
  const file = asFile(source, "pytorch_model.bin");
  const checkpoint = await readCheckpoint(file);
  const { tensors } = checkpoint;

  const reader: WeightsReader = {
    format: "pytorch",
    metadata: {},
    tensors,
    async read(name, options) {
      const tensor = findTensor(tensors, name, file.name);
      options?.signal?.throwIfAborted();
      if (isContiguous(tensor.shape, tensor.strides) && !checkpoint.bigEndian) {
        const record = checkpoint.records.get(tensor.storageKey)!;
        const bytes = await record.read(tensor.byteOffset, tensor.byteLength, options?.signal);
        return toTypedArray(bytes, tensor.dtype);
      }
      const whole = roomFor(tensor.byteLength, (size) => new Uint8Array(size), file.name);
      let filled = 0;
      for await (const piece of pieces(file, checkpoint, tensor, options)) {
        whole.set(piece, filled);
        filled += piece.length;
      }
      return toTypedArray(whole, tensor.dtype);
    },
    async stream(name, sink, options) {
      await streamFloats(reader, findTensor(tensors, name, file.name), sink, options);
    },
    bytes(name, options) {
      return pieces(file, checkpoint, findTensor(tensors, name, file.name), options);
    },
    close: () => file.close(),
  };
  return reader;
}

async function readCheckpoint(file: RandomAccessFile): Promise<Checkpoint> {
  const start = await readRange(file, 0, Math.min(file.size, 512));
  if (start[0] === 0x50 && start[1] === 0x4b) return readArchive(file);
  if (start[0] === 0x80) return readLegacy(file);
  const tar = start.length >= 262 && String.fromCharCode(...start.subarray(257, 262)) === "ustar";
  const what = tar
    ? "a tar archive, as PyTorch wrote before 0.1.10: save it again with a newer one"
    : describeContents(start);
  throw new WeightsError("format", `not a file of torch.save${what ? `: it is ${what}` : ""}`, { file: file.name });
}

/** The contiguous little-endian values of a tensor, in pieces. */
async function* pieces(
  file: RandomAccessFile,
  checkpoint: Checkpoint,
  tensor: StoredTensor,
  options?: ReadOptions,
): AsyncGenerator<Uint8Array> {
  if (tensor.byteLength === 0) return;
  const record = checkpoint.records.get(tensor.storageKey)!;
  const bits = bitsOf(tensor.dtype);
  // The parts of a complex value are swapped one by one.
  const swapSize = tensor.dtype === "C64" ? 4 : bits / 8;
  const swapped = (piece: Uint8Array, owned: boolean): Uint8Array => {
    if (!checkpoint.bigEndian || swapSize === 1) return piece;
    const copy = owned ? piece : piece.slice();
    swapBytes(copy, swapSize);
    return copy;
  };

  if (!isContiguous(tensor.shape, tensor.strides)) {
    const source = await record.read(tensor.byteOffset, tensor.byteExtent, options?.signal);
    for (const piece of gather(source, tensor.shape, tensor.strides, bits / 8, options)) yield swapped(piece, true);
    return;
  }
  const offset = await record.locate();
  if (offset !== undefined) {
    const owned = file.bytes === undefined;
    for await (const piece of readPieces(file, offset + tensor.byteOffset, tensor.byteLength, bits, options)) {
      yield swapped(piece, owned);
    }
    return;
  }
  const step = (CHUNK_ELEMENTS * bits) / 8;
  const whole = await record.read(tensor.byteOffset, tensor.byteLength, options?.signal);
  for (let done = 0; done < whole.length; done += step) {
    options?.signal?.throwIfAborted();
    yield swapped(whole.subarray(done, Math.min(done + step, whole.length)), false);
  }
}
