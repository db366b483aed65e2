import { bitsOf, elementCount } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { TensorInfo } from "../../types.js";
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

/** Keys under which training scripts keep the weights, tried in this order. */
const NESTED_KEYS = ["state_dict", "model_state_dict", "model", "module", "net", "weights", "params", "ema"];
const MAX_NESTING = 4;
const MAX_RANK = 64;

/**
 * Finds the dictionary of tensors in what a checkpoint holds, and checks every tensor against its storage.
 * @param storageBytes the length of a storage's record.
 * @param limit bytes that the values of one tensor may take: no more than the file has, whatever its strides repeat.
 */
export function collectTensors(
  root: unknown,
  storageBytes: (key: string) => number | undefined,
  limit: number,
  file: string,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const places = new Map<string, string>();
  for (const [name, value] of findStateDict(root, file)) {
    if (typeof name !== "string") continue;
    if (value instanceof UnsupportedTensor) {
      throw new WeightsError("unsupported", `${name} is a ${value.kind} tensor; save it as a dense one`, {
        file,
        tensor: name,
      });
    }
    if (!(value instanceof TensorRef)) continue;
    const tensor = checkTensor(name, value, storageBytes, limit, file);
    const { storageKey, byteOffset, dtype, shape, strides } = tensor;
    const place = JSON.stringify([storageKey, byteOffset, dtype, shape, strides]);
    const tiedTo = tensor.byteLength > 0 ? places.get(place) : undefined;
    if (tiedTo === undefined) places.set(place, name);
    tensors.set(name, tiedTo === undefined ? tensor : { ...tensor, tiedTo });
  }
  return tensors;
}

function findStateDict(root: unknown, file: string): Map<unknown, unknown> {
  let value = root;
  const path: string[] = [];
  for (let depth = 0; depth < MAX_NESTING; depth++) {
    if (!(value instanceof Map)) break;
    if (value.size === 0 || [...value.values()].some(isTensor)) return value;
    const inner: Map<unknown, unknown> = value;
    const key: string | undefined = NESTED_KEYS.find((name) => inner.get(name) instanceof Map);
    if (key === undefined) break;
    path.push(key);
    value = inner.get(key);
  }
  const where = path.length > 0 ? ` under ${path.join(".")}` : "";
  const what = value instanceof Map ? `a dict with the keys ${keysOf(value)}` : describe(value);
  throw new WeightsError(
    "unsupported",
    `no state dict found${where}: it holds ${what}; save model.state_dict() alone`,
    {
      file,
    },
  );
}

function isTensor(value: unknown): boolean {
  return value instanceof TensorRef || value instanceof UnsupportedTensor;
}

function keysOf(map: Map<unknown, unknown>): string {
  const keys = [...map.keys()].slice(0, 8).map((key) => (typeof key === "string" ? key.slice(0, 80) : typeof key));
  return keys.join(", ") + (map.size > keys.length ? ", ..." : "");
}

function describe(value: unknown): string {
  if (isTensor(value)) return "a single tensor without a name";
  if (Array.isArray(value) || value instanceof PickleTuple) return "a list";
  return value === null ? "nothing" : `a ${typeof value === "object" ? "single object" : typeof value}`;
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
  if (available === undefined) return fail(`needs the storage ${key}, which the file does not have`);
  const owned = length * (storage.dtype === undefined ? 1 : bitsOf(storage.dtype) / 8);
  const startBytes = start * (storage.dtype === undefined ? 1 : bitsOf(storage.dtype) / 8);
  const end = startBytes + (offset + last + 1) * size;
  if (!(end <= Math.min(available, startBytes + owned))) {
    return fail(`needs ${end} bytes of the storage ${key}, which has ${Math.min(available, startBytes + owned)}`);
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
