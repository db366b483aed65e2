import { quoted } from "@convbert/files/internal";
import { bitsOf, elementCount } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { TensorInfo } from "../../types.js";
import { findStateDict, isTensor } from "./find-state-dict.js";
import { type StorageRef, StorageType, TensorRef, TorchDType, UnsupportedTensor } from "./globals.js";
import { PickleTuple } from "./pickle.js";

/** A tensor of the state dict: a checked view of a storage. */
export interface StoredTensor extends TensorInfo {
  readonly storageKey: string;
  /** Bytes from the start of the storage's record to the first element. */
  readonly byteOffset: number;
  /** Elements from one index to the next, for each axis. */
  readonly strides: readonly number[];
  /** Bytes from `byteOffset` to the end of the last element. */
  readonly byteExtent: number;
}

const MAX_RANK = 64;
/** What small files may repeat of their own values before it counts. */
const FREE_BYTES = 1 << 20;

/**
 * Checks every tensor of a checkpoint's state dict against its storage, and all of them together against the file: views
 * that repeat or overlap would give more values than it has.
 * @param storageBytes the length of a storage's record.
 * @param fileBytes length of the file.
 * @param unpackedBytes length of what is packed in it.
 */
export function collectTensors(
  root: unknown,
  storageBytes: (key: string) => number | undefined,
  { fileBytes, unpackedBytes }: { readonly fileBytes: number; readonly unpackedBytes: number },
  file: string,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const names = new Map<string, string>();
  let repeated = 0;
  let claimed = 0;
  for (const [name, value] of findStateDict(root, file)) {
    if (typeof name !== "string") {
      if (!isTensor(value)) continue;
      const message = `a tensor has the key ${quoted(name)} where its name should be; save model.state_dict()`;
      throw new WeightsError("unsupported", message, { file });
    }
    if (value instanceof UnsupportedTensor) {
      throw new WeightsError("unsupported", `${name} is a ${value.kind} tensor; save it as a dense one`, {
        file,
        tensor: name,
      });
    }
    if (!(value instanceof TensorRef)) continue;
    const tensor = checkTensor(name, value, storageBytes, unpackedBytes, file);
    const { storageKey, byteOffset, byteLength, byteExtent, dtype, shape, strides } = tensor;
    const view = JSON.stringify([storageKey, byteOffset, dtype, shape, strides]);
    const tiedTo = byteLength > 0 ? names.get(view) : undefined;
    if (tiedTo === undefined) {
      names.set(view, name);
      repeated += Math.max(0, byteLength - byteExtent);
      claimed += byteLength;
    }
    if (repeated > fileBytes || claimed > 2 * unpackedBytes + FREE_BYTES) {
      const message = `${name} claims values again that others have: together more than the whole file has`;
      throw new WeightsError("format", message, { file, tensor: name });
    }
    tensors.set(name, tiedTo === undefined ? tensor : { ...tensor, tiedTo });
  }
  return tensors;
}

function checkTensor(
  name: string,
  ref: TensorRef,
  storageBytes: (key: string) => number | undefined,
  limit: number,
  file: string,
): StoredTensor {
  const fail = (message: string, code: "format" | "unsupported" = "format"): never => {
    throw new WeightsError(code, `${name} ${message}`, { file, tensor: name });
  };
  const storage = ref.storage as Partial<StorageRef> | null;
  if (typeof storage !== "object" || storage === null || typeof storage.key !== "string") {
    return fail("has no storage");
  }
  const { key, length, start, unsupported } = storage as StorageRef;
  const named = ref.dtype instanceof TorchDType ? ref.dtype : undefined;
  const dtype = named ? named.dtype : storage.dtype;
  if (!dtype) return fail(`has values of the type ${named?.name ?? unsupported}, which cannot be read`, "unsupported");
  const size = bitsOf(dtype) / 8;

  const shape = integers(ref.shape);
  const strides = integers(ref.stride);
  const offset = ref.offset;
  const count = shape && elementCount(shape);
  if (!shape || !strides || count === undefined || shape.length !== strides.length) {
    return fail("has an impossible shape");
  }
  if (typeof offset !== "number" || !Number.isSafeInteger(offset) || offset < 0)
    return fail("has an impossible offset");
  const byteLength = count * size;
  if (!(byteLength <= limit)) return fail(`claims ${count} values, more than the whole file has`);

  const last = count === 0 ? -1 : shape.reduce((sum, axis, i) => sum + (axis - 1) * strides[i]!, 0);
  const available = storageBytes(key);
  if (available === undefined) return fail(`needs the storage ${quoted(key)}, which the file does not have`);
  const owned = length * (storage.dtype === undefined ? 1 : bitsOf(storage.dtype) / 8);
  const startBytes = start * (storage.dtype === undefined ? 1 : bitsOf(storage.dtype) / 8);
  const end = startBytes + (offset + last + 1) * size;
  if (!(end <= Math.min(available, startBytes + owned))) {
    return fail(
      `needs ${end} bytes of the storage ${quoted(key)}, which has ${Math.min(available, startBytes + owned)}`,
    );
  }
  return {
    name,
    dtype,
    shape,
    byteLength,
    storageKey: key,
    byteOffset: startBytes + offset * size,
    strides,
    byteExtent: (last + 1) * size,
  };
}

function integers(value: unknown): number[] | undefined {
  const items = value instanceof PickleTuple ? value.items : value;
  if (!Array.isArray(items) || items.length > MAX_RANK) return undefined;
  return items.every((item) => typeof item === "number" && Number.isSafeInteger(item) && item >= 0)
    ? (items as number[])
    : undefined;
}

/**
 * Reads a persistent id: ("storage", type, key, location, length[, (view key, start, length)]).
 * @returns undefined for one of another form.
 */
export function readStorageId(id: unknown): StorageRef | undefined {
  if (!(id instanceof PickleTuple) || id.items[0] !== "storage") return undefined;
  const [, type, key, , length, view] = id.items;
  if (!(type instanceof StorageType) || (typeof key !== "string" && typeof key !== "number")) return undefined;
  if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 0) return undefined;
  const untyped = type.name === "UntypedStorage";
  const common = {
    key: String(key),
    dtype: type.dtype,
    ...(type.dtype === undefined && !untyped ? { unsupported: type.name.replace("Storage", "") } : {}),
  };
  if (view instanceof PickleTuple) {
    const [, start, viewLength] = view.items;
    if (!isCount(start) || !isCount(viewLength) || start + viewLength > length) return undefined;
    return { ...common, start, length: viewLength };
  }
  return { ...common, start: 0, length };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
