import type { FileSet } from "@convbert/files";
import type { WeightFormat } from "./format.js";

/**
 * The names of a format that is one file, or shards and an index, as the reference's are: `model.safetensors`,
 * `model.safetensors.index.json`, `model-00001-of-00002.safetensors`; with a variant `model.fp16.safetensors` and
 * `model.safetensors.index.fp16.json`.
 * @param whole name of the whole file, "model.safetensors".
 */
export function shardedFileNames(whole: string): Pick<WeightFormat, "fileNames" | "find" | "owns"> {
  const dot = whole.lastIndexOf(".");
  const shard = new RegExp(`^${whole.slice(0, dot)}-\\d{5}-of-\\d{5}\\.${whole.slice(dot + 1)}$`);
  const index = `${whole}.index.json`;
  const fileNames = (variant?: string) => [whole, index].map((name) => withVariant(name, variant));
  return {
    fileNames,
    find: (files, { variant }) => firstOf(files, fileNames(variant)),
    owns: (name) => name === whole || name === index || shard.test(name),
  };
}

/** The first of some names that a folder has. */
export async function firstOf(files: FileSet, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    if (await files.has(name)) return name;
  }
  return undefined;
}

/** The variant goes before the last ending: `pytorch_model.fp16.bin`. */
function withVariant(name: string, variant: string | undefined): string {
  if (variant === undefined) return name;
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}.${variant}${name.slice(dot)}`;
}
