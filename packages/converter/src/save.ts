import { type Progress, type WriteDestination, writeFiles } from "@convbert/files";
import { WeightsError } from "./errors.js";
import type { WrittenContents } from "./formats/format.js";
import { WEIGHT_FORMATS, type WeightFormatName, weightFormat } from "./formats/registry.js";
import type { NamedTensor, WriteOptions } from "./types.js";

export interface WeightFilesOptions extends WriteOptions {
  /** "safetensors" by default. */
  readonly format?: WeightFormatName;
  /** Bytes, or digits with a unit as the reference has it ("200MB", "5GB", "1GiB"); "10GB" by default. */
  readonly maxShardSize?: number | string;
  /** Text kept beside the tensors, where the format can; by default `{ format: "pt" }`, as the reference wants it. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The files of one checkpoint's weights, ready for `writeFiles` of `@convbert/files`. */
export interface WeightFiles {
  /** By name: pieces of bytes, or the text of an index. Each can be taken once. */
  readonly files: ReadonlyMap<string, WrittenContents>;
  /**
   * Whether a file that is already in the folder belongs to an earlier save and would be loaded in place of these, or
   * mixed with them: old shards, the index, and weights in a format that is looked for first.
   */
  isStale(name: string): boolean;
}

/**
 * Names and contents of the weight files that the reference's `save_pretrained` would write: one file, or shards of at
 * most `maxShardSize` and an index. The code of the format is loaded when it is asked for.
 * @throws WeightsError "mismatch" for names, shapes or sizes that cannot be written, "unsupported" for a format that is
 * not written.
 */
export async function weightFiles(
  tensors: Iterable<NamedTensor>,
  options: WeightFilesOptions = {},
): Promise<WeightFiles> {
  const { format: name = "safetensors", maxShardSize = "10GB", ...rest } = options;
  const format = weightFormat(name);
  const { write } = await format.load();
  if (write === undefined) throw new WeightsError("unsupported", `${format.title} files are read, but not written`);
  const files = write(tensors, { maxShardSize: parseSize(maxShardSize), ...rest });
  const rank = WEIGHT_FORMATS.findIndex((other) => other.name === name);
  const sooner = WEIGHT_FORMATS.slice(0, rank + 1);
  return { files, isStale: (file) => !files.has(file) && sooner.some((other) => other.owns(file)) };
}

/** The text of a `config.json`, as the reference writes it. */
export function configJson(config: object): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * The files of a model's folder: `config.json`, and its weights as {@link weightFiles} has them.
 * @param config what `config.json` says; `toJSON` is asked where there is one.
 * @throws what {@link weightFiles} throws.
 */
export async function modelFiles(
  config: object,
  tensors: Iterable<NamedTensor>,
  options: WeightFilesOptions = {},
): Promise<WeightFiles> {
  const { files, isStale } = await weightFiles(tensors, options);
  return { files: new Map<string, WrittenContents>([["config.json", configJson(config)], ...files]), isStale };
}

export interface SaveModelFilesOptions extends WeightFilesOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Writes {@link modelFiles} into a folder or another destination: each file complete or not at all. What is there of these names is replaced,
 * weights that would be read in place of these, or mixed with them, are removed; anything else stays.
 * @throws FilesError when the destination cannot be written; what {@link weightFiles} throws; the signal's reason when it aborts.
 */
export async function saveModelFiles(
  destination: WriteDestination,
  config: object,
  tensors: Iterable<NamedTensor>,
  { signal, onProgress, ...options }: SaveModelFilesOptions = {},
): Promise<void> {
  const { files, isStale } = await modelFiles(config, tensors, options);
  await writeFiles(destination, files, { isStale, ...(signal && { signal }), ...(onProgress && { onProgress }) });
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
