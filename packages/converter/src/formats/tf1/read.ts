import type { FileSet, RandomAccessFile } from "@convbert/files";
import { bitsOf } from "../../dtypes.js";
import { toTypedArray } from "../../elements.js";
import { WeightsError } from "../../errors.js";
import { findTensor, streamFloats } from "../../reader.js";
import { readPieces, readRange } from "../../source.js";
import type { ReadOptions, TensorInfo, WeightsReader } from "../../types.js";
import { type BundleEntry, entryBytes, readEntry, readHeader, shardName } from "./bundle.js";
import { crc32c, masked } from "./table/crc32c.js";
import { readTable } from "./table/read.js";

/** The index of 10,000 variables has a megabyte. */
const LARGEST_INDEX = 1 << 26;
const MAX_SHARDS = 10_000;
/** The first byte of keys under which parts of partitioned variables are. */
const PART = "\0";

interface Stored extends TensorInfo, BundleEntry {
  readonly dtype: NonNullable<BundleEntry["dtype"]>;
}

/**
 * Opens a TensorFlow checkpoint (`<prefix>.index` and `<prefix>.data-?????-of-?????`) under the names of its variables.
 * Only the index is read now; shards without a variable that is wanted are never opened. The checksum of each
 * variable's values is verified when they are read.
 * Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, core/protobuf/tensor_bundle.proto
 * @param index name of the index file.
 * @param isWanted of the others only the names are kept, in `unused`.
 * @throws WeightsError "format" when it is damaged, "unsupported" for a wanted variable that is partitioned, or no
 * numbers.
 */
export async function readBundle(
  files: FileSet,
  index: string,
  isWanted: (name: string) => boolean,
  { signal }: ReadOptions = {},
): Promise<WeightsReader & { readonly unused: readonly string[] }> {
  const prefix = index.slice(0, -".index".length);
  const fail = (message: string, tensor?: string): never => {
    throw new WeightsError("format", `damaged index of a TensorFlow checkpoint: ${message}`, {
      file: index,
      ...(tensor !== undefined && { tensor }),
    });
  };
  const [head, ...entries] = readTable(await wholeIndex(files, index), index);
  if (head?.key !== "") return fail("it has no header");
  const { shards: count } = readHeader(head.value, index);
  if (count < 1 || count > MAX_SHARDS) return fail(`it names ${count} files`);

  const tensors = new Map<string, Stored>();
  const unused: string[] = [];
  for (const { key, value } of entries) {
    if (key.startsWith(PART)) continue;
    const name = utf8(key) ?? fail("a name is no UTF-8 text");
    if (isWanted(name)) tensors.set(name, checked(name, readEntry(value, index), count, index));
    else unused.push(name);
  }

  const shards = new Map<number, RandomAccessFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((file) => file.close()));
  };
  try {
    for (const shard of new Set([...tensors.values()].map((tensor) => tensor.shard))) {
      signal?.throwIfAborted();
      shards.set(shard, await files.open(shardName(prefix, shard, count)));
    }
    checkPlaces(tensors, shards);
  } catch (error) {
    await close();
    throw error;
  }

  const verify = (tensor: Stored, crc: number): void => {
    if (masked(crc) === tensor.crc) return;
    const { name: file } = shards.get(tensor.shard)!;
    throw new WeightsError("format", `the checksum of ${tensor.name} is wrong: the file is damaged; copy it again`, {
      file,
      tensor: tensor.name,
    });
  };
  const find = (name: string) => findTensor(tensors, name, index);
  const reader: WeightsReader = {
    format: "tf1",
    metadata: {},
    tensors,
    async read(name, options) {
      const tensor = find(name);
      options?.signal?.throwIfAborted();
      const bytes = await readRange(shards.get(tensor.shard)!, tensor.offset, tensor.byteLength);
      verify(tensor, crc32c(bytes));
      return toTypedArray(bytes, tensor.dtype);
    },
    async stream(name, sink, options) {
      await streamFloats(reader, find(name), sink, options);
    },
    async *bytes(name, options) {
      const tensor = find(name);
      const { shard, offset, byteLength, dtype } = tensor;
      let crc = 0;
      for await (const piece of readPieces(shards.get(shard)!, offset, byteLength, bitsOf(dtype), options)) {
        crc = crc32c(piece, crc);
        yield piece;
      }
      verify(tensor, crc);
    },
    close,
  };
  return { ...reader, unused };
}

async function wholeIndex(files: FileSet, index: string): Promise<Uint8Array> {
  const file = await files.open(index);
  try {
    if (file.size > LARGEST_INDEX) {
      throw new WeightsError("format", `not an index of a TensorFlow checkpoint: it has ${file.size} bytes`, {
        file: index,
      });
    }
    return await readRange(file, 0, file.size);
  } finally {
    await file.close();
  }
}

/** What an entry says of a wanted variable, where it can be read and makes sense. */
function checked(name: string, entry: BundleEntry, shards: number, file: string): Stored {
  const { dtype, what, shape, shard, size, isPartitioned } = entry;
  const refuse = (message: string): never => {
    throw new WeightsError("unsupported", `${name} ${message}`, { file, tensor: name });
  };
  if (isPartitioned) {
    return refuse("is a partitioned variable, whose parts are not put together here; save it unpartitioned");
  }
  if (dtype === undefined) return refuse(`holds ${what}, and no numbers`);
  const byteLength = entryBytes(entry);
  if (byteLength !== size || shard >= shards) {
    const message = `damaged index of a TensorFlow checkpoint: ${name} has ${size} bytes in file ${shard} of ${shards}, and ${dtype} [${shape}]`;
    throw new WeightsError("format", message, { file, tensor: name });
  }
  return { ...entry, name, dtype, byteLength };
}

/** Values are within their files, and together no more than the files have. */
function checkPlaces(tensors: ReadonlyMap<string, Stored>, shards: ReadonlyMap<number, RandomAccessFile>): void {
  const left = new Map([...shards].map(([shard, { size }]) => [shard, size]));
  for (const { name, shard, offset, size } of tensors.values()) {
    const { name: file, size: length } = shards.get(shard)!;
    if (offset + size > length) {
      throw new WeightsError("format", `${name} needs bytes up to ${offset + size}, but the file ends at ${length}`, {
        file,
        tensor: name,
      });
    }
    left.set(shard, left.get(shard)! - size);
    if (left.get(shard)! < 0) {
      throw new WeightsError("format", `${name} claims values again that others have`, { file, tensor: name });
    }
  }
}

/** Keys are read byte by byte. */
function utf8(key: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(key, (character) => character.charCodeAt(0)),
    );
  } catch {
    return undefined;
  }
}
