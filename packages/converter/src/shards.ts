import type { FileSet, RandomAccessFile } from "@convbert/files";
import { printable } from "@convbert/files/internal";
import { WeightsError } from "./errors.js";
import type { WrittenContents } from "./formats/format.js";
import { findTensor } from "./reader.js";
import type { ReadOptions, TensorInfo, WeightsReader } from "./types.js";
import type { SizedTensor } from "./wire.js";

/** `*.index.json`: which file has which tensor. */
interface ShardIndex {
  readonly weights: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_SHARDS = 10_000;

/**
 * Opens the weights in `name`: a file, or the index of a checkpoint that is spread over several
 * (`model-00001-of-00003.safetensors` ...).
 * @param read opens one file; it closes the file where it throws no error.
 */
export async function openSharded(
  files: FileSet,
  name: string,
  read: (file: RandomAccessFile) => Promise<WeightsReader>,
  { signal }: ReadOptions = {},
): Promise<WeightsReader> {
  const openFile = async (shard: string): Promise<WeightsReader> => {
    signal?.throwIfAborted();
    const file = await files.open(shard);
    try {
      return await read(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  };
  return name.endsWith(".json") ? openShards(files, name, openFile) : openFile(name);
}

async function openShards(
  files: FileSet,
  indexName: string,
  openShard: (name: string) => Promise<WeightsReader>,
): Promise<WeightsReader> {
  const index = parseIndex(await files.readText(indexName), indexName);
  const readers = new Map<string, WeightsReader>();
  const close = async () => {
    await Promise.all([...readers.values()].map((reader) => reader.close()));
  };
  const owners = new Map<string, WeightsReader>();
  const tensors = new Map<string, TensorInfo>();
  try {
    // As the reference composes them: in the order of their names, whole, whatever the index says is in which; of a
    // tensor that several have the last counts. A name that none has is no tensor.
    for (const shard of [...new Set(index.weights.values())].sort()) {
      const reader = await openShard(shard);
      readers.set(shard, reader);
      for (const [name, info] of reader.tensors) {
        owners.set(name, reader);
        tensors.set(name, info);
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  const owner = (name: string): WeightsReader => owners.get(findTensor(tensors, name, indexName).name)!;
  return {
    format: [...readers.values()][0]?.format ?? "safetensors",
    metadata: { ...[...readers.values()][0]?.metadata, ...index.metadata },
    tensors,
    read: async (name, options) => owner(name).read(name, options),
    stream: async (name, sink, options) => owner(name).stream(name, sink, options),
    bytes: (name, options) => owner(name).bytes(name, options),
    close,
  };
}

function parseIndex(text: string, file: string): ShardIndex {
  const fail = (message: string, cause?: unknown): never => {
    throw new WeightsError("format", `damaged index: ${message}`, { file, cause });
  };
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    fail("it is not valid JSON", cause);
  }
  const { weight_map: map, metadata } = (root ?? {}) as { weight_map?: unknown; metadata?: unknown };
  if (typeof map !== "object" || map === null || Array.isArray(map)) return fail("it has no weight_map");
  const weights = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string") return fail(`${printable(name)} has no file name`);
    weights.set(name, shard);
  }
  const shards = new Set(weights.values()).size;
  if (shards === 0) fail("its weight_map is empty");
  if (shards > MAX_SHARDS) fail(`it names ${shards} files`);
  const texts: Record<string, string> = Object.create(null);
  if (typeof metadata === "object" && metadata !== null) {
    for (const [key, value] of Object.entries(metadata)) {
      if (["string", "number", "boolean"].includes(typeof value)) texts[key] = String(value);
    }
  }
  return { weights, metadata: texts };
}

/** One file of a checkpoint that is written in several. */
interface Shard {
  readonly name: string;
  readonly tensors: readonly SizedTensor[];
}

/**
 * The files of a checkpoint, by name, as the reference's `save_pretrained` makes them: one, or shards of at most `limit`
 * bytes and an index.
 * @param fileName name of the file when one is enough, as "model.safetensors".
 */
export function writeSharded(
  tensors: readonly SizedTensor[],
  fileName: string,
  limit: number,
  write: (tensors: readonly SizedTensor[]) => AsyncIterable<Uint8Array>,
): ReadonlyMap<string, WrittenContents> {
  const blocks = splitShards(tensors, limit);
  const shards = namedShards(blocks, fileName);
  const files = new Map<string, WrittenContents>();
  for (const shard of shards) files.set(shard.name, write(shard.tensors));
  if (shards.length > 1) files.set(`${fileName}.index.json`, shardIndex(shards));
  return files;
}

/**
 * Splits tensors into files as the reference's `shard_checkpoint` does: in their order, a new file whenever the next
 * tensor would make the current one larger than `limit`; tied tensors stay together.
 */
export function splitShards(tensors: readonly SizedTensor[], limit: number): SizedTensor[][] {
  const blocks: SizedTensor[][] = [[]];
  const blockOf = new Map<string, SizedTensor[]>();
  let size = 0;
  for (const tensor of tensors) {
    const block = tensor.tiedTo === undefined ? undefined : blockOf.get(tensor.tiedTo);
    if (block) {
      block.push(tensor);
      continue;
    }
    if (size + tensor.byteLength > limit && blocks.at(-1)!.length > 0) {
      blocks.push([]);
      size = 0;
    }
    blocks.at(-1)!.push(tensor);
    blockOf.set(tensor.name, blocks.at(-1)!);
    size += tensor.byteLength;
  }
  return blocks;
}

/** @param fileName name of the file when one is enough, as "model.safetensors". */
function namedShards(blocks: readonly SizedTensor[][], fileName: string): Shard[] {
  if (blocks.length === 1) return [{ name: fileName, tensors: blocks[0]! }];
  const dot = fileName.lastIndexOf(".");
  const number = (value: number) => String(value).padStart(5, "0");
  return blocks.map((block, i) => ({
    name: `${fileName.slice(0, dot)}-${number(i + 1)}-of-${number(blocks.length)}${fileName.slice(dot)}`,
    tensors: block,
  }));
}

/** The text of `*.index.json`, as the reference writes it (keys sorted, two spaces). */
function shardIndex(shards: readonly Shard[]): string {
  const own = shards.flatMap(({ tensors }) => tensors.filter(({ tiedTo }) => tiedTo === undefined));
  const totalSize = own.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const pairs = shards.flatMap(({ name, tensors }) => tensors.map((tensor) => [tensor.name, name] as const));
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const index = { metadata: { total_size: totalSize }, weight_map: Object.fromEntries(pairs) };
  return `${JSON.stringify(index, null, 2)}\n`;
}
