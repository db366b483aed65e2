import { WeightsError } from "./errors.js";
import { writePyTorch } from "./pytorch/write.js";
import { type WriteSafetensorsOptions, writeSafetensors } from "./safetensors/write.js";
import { shardIndex, splitShards } from "./shards.js";
import type { NamedTensor } from "./types.js";
import { checkTensors } from "./wire.js";

export interface WeightFilesOptions extends WriteSafetensorsOptions {
  /** "safetensors" by default. */
  readonly format?: "safetensors" | "pytorch";
  /** Bytes, or digits with a unit as the reference has it ("200MB", "5GB", "1GiB"); "10GB" by default. */
  readonly maxShardSize?: number | string;
}

/** The files of one checkpoint's weights, ready for `writeFiles` of `@convbert/files`. */
export interface WeightFiles {
  /** By name: pieces of bytes, or the text of an index. Each can be taken once. */
  readonly files: ReadonlyMap<string, AsyncIterable<Uint8Array> | string>;
  /**
   * Whether a file that is already in the folder belongs to an earlier save and would be loaded in place of these, or
   * mixed with them: old shards, the index, and weights in a format that is looked for first.
   */
  isStale(name: string): boolean;
}

const FILE_NAMES = { safetensors: "model.safetensors", pytorch: "pytorch_model.bin" } as const;

/**
 * Names and contents of the weight files that the reference's `save_pretrained` would write: one file, or shards of at
 * most `maxShardSize` and an index.
 * @throws WeightsError "mismatch" for names, shapes or sizes that cannot be written.
 */
export function weightFiles(tensors: Iterable<NamedTensor>, options: WeightFilesOptions = {}): WeightFiles {
  const { format = "safetensors", maxShardSize = "10GB" } = options;
  const fileName = FILE_NAMES[format];
  const checked = checkTensors(tensors);
  const written = format === "safetensors" ? checked.filter(({ tiedTo }) => tiedTo === undefined) : checked;
  const { shards, totalSize } = splitShards(written, parseSize(maxShardSize), fileName);
  const write = format === "safetensors" ? writeSafetensors : writePyTorch;

  const files = new Map<string, AsyncIterable<Uint8Array> | string>();
  for (const shard of shards) files.set(shard.name, write(shard.tensors, options));
  const indexName = `${fileName}.index.json`;
  if (shards.length > 1) files.set(indexName, shardIndex(shards, totalSize));
  return {
    files,
    isStale(name) {
      if (files.has(name)) return false;
      // The reader takes the first that it finds of: safetensors, its index, bin, its index.
      if (name === FILE_NAMES.safetensors || name === `${FILE_NAMES.safetensors}.index.json`) return true;
      if (/^model-\d{5}-of-\d{5}\.safetensors$/.test(name)) return true;
      if (format !== "pytorch") return false;
      return name === fileName || name === indexName || /^pytorch_model-\d{5}-of-\d{5}\.bin$/.test(name);
    },
  };
}

/**
 * Bytes that a size means: a number, or digits with KB, MB, GB, KiB, MiB or GiB; a small b at the end means bits, as in
 * the reference's `convert_file_size_to_int`.
 * @throws WeightsError "mismatch" for anything else.
 */
export function parseSize(size: number | string): number {
  if (typeof size === "number" && size > 0) return size;
  const match = /^\s*(\d+)\s*([kmg])(i?)b$/i.exec(String(size));
  if (!match || Number(match[1]) === 0) {
    throw new WeightsError("mismatch", `the size ${JSON.stringify(size)} is not a number with a unit, as "5GB"`);
  }
  const power = { k: 1, m: 2, g: 3 }[match[2]!.toLowerCase() as "k" | "m" | "g"];
  const bytes = Number(match[1]) * (match[3] ? 1024 : 1000) ** power;
  return !match[3] && String(size).endsWith("b") ? Math.floor(bytes / 8) : bytes;
}
