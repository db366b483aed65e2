import type { RandomAccessFile } from "@convbert/files";
import { bitsOf } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import { readRange } from "../../source.js";
import { type Checkpoint, MAX_PICKLE_BYTES, resolveStorage } from "./archive.js";
import { findGlobal, type StorageRef } from "./globals.js";
import { type PickleHost, unpickle } from "./pickle.js";
import { PickleEndError } from "./pickle-bytes.js";
import { plainRecord, type StorageRecord } from "./records.js";
import { collectTensors } from "./state-dict.js";

/** `0x1950a86a20f9469cfc6c`, the first pickle of the file. */
const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
const FIRST_WINDOW = 1 << 16;

/**
 * Reads the layout that `torch.save` wrote before PyTorch 1.6 (and still writes on request): pickles of a magic number,
 * a version, facts about the system, the object, and the storage keys; then for each key its length in elements
 * (8 bytes) and its values, always little-endian.
 */
export async function readLegacy(file: RandomAccessFile): Promise<Checkpoint> {
  const storages = new Map<string, StorageRef>();
  const plain: PickleHost = { global: () => undefined, persistent: () => fail("an unexpected reference") };
  const fail = (what: string): never => {
    throw new WeightsError("format", `damaged or unknown torch.save stream: ${what}`, { file: file.name });
  };
  const host: PickleHost = {
    global: findGlobal,
    persistent(id) {
      const storage = resolveStorage(id, file.name) as StorageRef;
      const first = storages.get(storage.key);
      // Views repeat the key with the whole length; the first mention decides the element type of the record.
      if (!first) storages.set(storage.key, storage);
      return storage;
    },
  };

  let at = 0;
  const next = async (using: PickleHost): Promise<unknown> => {
    const { value, end } = await pickleAt(file, at, using);
    at = end;
    return value;
  };
  if ((await next(plain)) !== MAGIC_NUMBER) fail("its magic number is wrong");
  if ((await next(plain)) !== PROTOCOL_VERSION) fail("its version is not 1001");
  await next(plain);
  const root = await next(host);
  const keys = await next(plain);
  if (!Array.isArray(keys)) return fail("it has no list of storages");

  const records = new Map<string, StorageRecord>();
  for (const raw of keys) {
    const key = String(raw);
    const storage = storages.get(key);
    if (!storage || records.has(key))
      return fail(`its storage ${key.slice(0, 40)} is not one of a tensor, or comes twice`);
    const prefix = await readRange(file, at, 8);
    const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigInt64(0, true);
    const elementBytes = storage.dtype === undefined ? 1 : bitsOf(storage.dtype) / 8;
    const size = Number(length) * elementBytes;
    if (length < 0n || !(at + 8 + size <= file.size)) fail(`its storage ${key} claims ${length} elements`);
    records.set(key, plainRecord(file, at + 8, size));
    at += 8 + size;
  }
  const sizes = { fileBytes: file.size, unpackedBytes: file.size };
  const tensors = collectTensors(root, (key) => records.get(key)?.size, sizes, file.name);
  return { tensors, records, bigEndian: false };
}

/** A pickle has no length in front: take a window of the file, and a larger one when the pickle goes on past it. */
async function pickleAt(
  file: RandomAccessFile,
  at: number,
  host: PickleHost,
): Promise<{ value: unknown; end: number }> {
  const rest = Math.min(file.size - at, MAX_PICKLE_BYTES);
  for (let length = Math.min(FIRST_WINDOW, rest); ; length = Math.min(length * 4, rest)) {
    const bytes = await readRange(file, at, length);
    try {
      const { value, end } = unpickle(bytes, 0, host, file.name);
      return { value, end: at + end };
    } catch (error) {
      if (!(error instanceof PickleEndError)) throw error;
      if (length === rest) {
        throw new WeightsError("format", "damaged or unknown torch.save stream: a pickle in it has no end", {
          file: file.name,
          cause: error,
        });
      }
    }
  }
}
