import type { FileSet } from "@convbert/files";
import { WeightsError } from "./errors.js";
import { readPyTorch } from "./pytorch/read.js";
import { readSafetensors } from "./safetensors/read.js";
import { openShards } from "./shards.js";
import type { ReadOptions, WeightsReader } from "./types.js";

export interface OpenWeightsOptions extends ReadOptions {
  /** `true`: safetensors only; `false`: never. By default they are preferred, as in the reference. */
  readonly useSafetensors?: boolean;
  /** Takes `model.<variant>.safetensors`, `pytorch_model.<variant>.bin` and so on, as "fp16". */
  readonly variant?: string;
}

/** The reference's order of looking. */
const CANDIDATES = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];

/** Files that say what a folder without readable weights is, and what to do about it. */
const CLUES: readonly (readonly [RegExp, string])[] = [
  [/^tf_model\.h5$/, "TensorFlow weights (tf_model.h5): convert them to safetensors first"],
  [/^flax_model\.msgpack$/, "Flax weights (flax_model.msgpack): load them with the reference and save them again"],
  [
    /(^|\/)model\.ckpt.*\.index$|\.ckpt\.index$/,
    "an original TensorFlow 1 checkpoint: convert it to safetensors first",
  ],
  [/\.onnx$/, "an exported ONNX graph, not a checkpoint"],
  [/\.gguf$/, "a GGUF file, not a checkpoint"],
];

/**
 * Opens the weights of a checkpoint, whichever file they are in: `model.safetensors`, `model.safetensors.index.json`,
 * `pytorch_model.bin`, `pytorch_model.bin.index.json`, in the reference's order.
 * @throws WeightsError "missing" when none is there; the message lists what is, and what to do.
 */
export async function openWeights(files: FileSet, options: OpenWeightsOptions = {}): Promise<WeightsReader> {
  const { signal, useSafetensors, variant } = options;
  const allowed = (name: string) => useSafetensors === undefined || name.includes("safetensors") === useSafetensors;
  const names = CANDIDATES.filter(allowed).map((name) => withVariant(name, variant));
  for (const name of names) {
    signal?.throwIfAborted();
    if (!(await files.has(name))) continue;
    return name.endsWith(".json") ? openShards(files, name, (shard) => openFile(files, shard)) : openFile(files, name);
  }
  throw new WeightsError("missing", await nothingFound(files, names));
}

/** The variant goes before the last ending: `pytorch_model.fp16.bin`. */
function withVariant(name: string, variant: string | undefined): string {
  if (variant === undefined) return name;
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}.${variant}${name.slice(dot)}`;
}

async function openFile(files: FileSet, name: string): Promise<WeightsReader> {
  const file = await files.open(name);
  try {
    return name.endsWith(".safetensors") ? await readSafetensors(file) : await readPyTorch(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function nothingFound(files: FileSet, wanted: readonly string[]): Promise<string> {
  const probes = ["config.json", "tf_model.h5", "flax_model.msgpack", "model.onnx", "vocab.txt", "vocab.json"];
  const listed = await files.list?.().catch(() => undefined);
  const names = listed ?? (await present(files, probes));
  const shown = names.length === 0 ? "no files" : names.slice(0, 12).join(", ") + (names.length > 12 ? ", ..." : "");
  const clues = CLUES.filter(([pattern]) => names.some((name) => pattern.test(name))).map(([, clue]) => clue);
  const hint = clues.length > 0 ? `. It has ${clues.join("; ")}` : "";
  return `${files.location} has no weights: none of ${wanted.join(", ")}; found ${shown}${hint}`;
}

async function present(files: FileSet, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map(async (name) => ((await files.has(name)) ? name : undefined)));
  return found.filter((name) => name !== undefined);
}
