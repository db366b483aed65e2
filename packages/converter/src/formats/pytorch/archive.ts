import type { RandomAccessFile } from "@convbert/files";
import { WeightsError } from "../../errors.js";
import { readEntry, readZip } from "../../zip/read.js";
import { findGlobal } from "./globals.js";
import { unpickle } from "./pickle.js";
import { PickleEndError } from "./pickle-bytes.js";
import { type StorageRecord, zipRecord } from "./records.js";
import { collectTensors, readStorageId, type StoredTensor } from "./state-dict.js";

/** What both layouts of `torch.save` come down to. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly records: ReadonlyMap<string, StorageRecord>;
  readonly bigEndian: boolean;
}

/** A pickle is read whole; a checkpoint of a thousand tensors takes about 200 KB. */
export const MAX_PICKLE_BYTES = 64 << 20;

/** Reads the zip layout of `torch.save` (PyTorch 1.6 and newer): `<name>/data.pkl`, `<name>/data/<key>`, `<name>/byteorder`. */
export async function readArchive(file: RandomAccessFile): Promise<Checkpoint> {
  const archive = await readZip(file);
  const pickleName = [...archive.entries.keys()].find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const pickleEntry = pickleName === undefined ? undefined : archive.entries.get(pickleName);
  if (pickleName === undefined || !pickleEntry) {
    const names = [...archive.entries.keys()].slice(0, 6).join(", ");
    throw new WeightsError("unsupported", `a zip archive, but not one of torch.save: it holds ${names || "nothing"}`, {
      file: file.name,
    });
  }
  const root = pickleName.slice(0, -"data.pkl".length);
  if (archive.entries.has(`${root}constants.pkl`)) {
    throw new WeightsError("unsupported", "a TorchScript program, not a state dict; save model.state_dict() instead", {
      file: file.name,
    });
  }
  if (pickleEntry.size > MAX_PICKLE_BYTES) {
    throw new WeightsError("format", `its pickle of ${pickleEntry.size} bytes is too large`, { file: file.name });
  }

  const records = new Map<string, StorageRecord>();
  const dataPrefix = `${root}data/`;
  let unpackedBytes = file.size;
  for (const [name, entry] of archive.entries) {
    if (!name.startsWith(dataPrefix)) continue;
    records.set(name.slice(dataPrefix.length), zipRecord(archive, entry));
    if (entry.method !== 0) unpackedBytes += entry.size;
  }
  const orderEntry = archive.entries.get(`${root}byteorder`);
  const order = orderEntry && new TextDecoder().decode(await readEntry(archive, orderEntry)).trim();
  if (order !== undefined && order !== "little" && order !== "big") {
    throw new WeightsError("format", `unknown byte order ${JSON.stringify(order.slice(0, 20))}`, { file: file.name });
  }

  const { value } = interpret(await readEntry(archive, pickleEntry), 0, file.name);
  const sizes = { fileBytes: file.size, unpackedBytes };
  const tensors = collectTensors(value, (key) => records.get(key)?.size, sizes, file.name);
  return { tensors, records, bigEndian: order === "big" };
}

/** Interprets a pickle that has to be complete. */
export function interpret(bytes: Uint8Array, start: number, file: string): { value: unknown; end: number } {
  try {
    return unpickle(bytes, start, { global: findGlobal, persistent: (id) => resolveStorage(id, file) }, file);
  } catch (error) {
    if (error instanceof PickleEndError) {
      throw new WeightsError("format", "damaged pickle: it is cut short", { file, cause: error });
    }
    throw error;
  }
}

/** The storage that a persistent id means. */
export function resolveStorage(id: unknown, file: string): unknown {
  const storage = readStorageId(id);
  if (!storage) throw new WeightsError("format", "damaged pickle: it refers to an unknown kind of storage", { file });
  return storage;
}
