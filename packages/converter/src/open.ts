import type { FileSet } from "@convbert/files";
import { ADAPTER_CONFIG } from "./adapter/config.js";
import { WeightsError } from "./errors.js";
import type { WeightFormat } from "./formats/format.js";
import { findWeights, WEIGHT_FORMATS, type WeightFormatName, weightFormat } from "./formats/registry.js";
import { present } from "./present.js";
import type { ReadOptions, WeightsReader } from "./types.js";

export interface OpenWeightsOptions extends ReadOptions {
  /** Takes the weights in this format, whatever else is there. */
  readonly format?: WeightFormatName;
  /** `true`: safetensors only; `false`: never. By default they are preferred, as in the reference. */
  readonly useSafetensors?: boolean;
  /** Takes the generator that a TensorFlow 1 checkpoint has beside the encoder, as a masked language model. */
  readonly generator?: boolean;
  /** Takes `model.<variant>.safetensors`, `pytorch_model.<variant>.bin` and so on, as "fp16". */
  readonly variant?: string;
}

/** Files that say what a folder without readable weights is, and what to do about it. */
const CLUES: readonly (readonly [RegExp, string])[] = [
  [/^flax_model\.msgpack$/, "Flax weights (flax_model.msgpack): load them with the reference and save them again"],
  [/\.index$/, "several TensorFlow 1 checkpoints, and no file `checkpoint` that names one: keep one of them"],
  [/\.onnx$/, "ONNX graphs under other names than onnx/model.onnx"],
  [/\.gguf$/, "a GGUF file, not a checkpoint"],
];

/**
 * Opens the weights of a checkpoint, whichever file they are in: `model.safetensors`, `model.safetensors.index.json`,
 * `pytorch_model.bin`, `pytorch_model.bin.index.json`, in the reference's order, then the other formats'. The code of the
 * format that is found is loaded then. A LoRA adapter beside them (`openModelFiles`) is merged into them.
 * @throws WeightsError "missing" when none is there; the message lists what is, and what to do.
 */
export async function openWeights(files: FileSet, options: OpenWeightsOptions = {}): Promise<WeightsReader> {
  const { signal, variant, format, useSafetensors, generator = false } = options;
  const only = format === undefined ? undefined : weightFormat(format).name;
  const formats: readonly WeightFormat[] = WEIGHT_FORMATS;
  const wanted = formats.filter(
    ({ name, hasGenerator = false }) =>
      (only === undefined || name === only) &&
      (!generator || hasGenerator) &&
      (useSafetensors === undefined || (name === "safetensors") === useSafetensors),
  );
  const selection = { ...(variant !== undefined && { variant }) };
  for (const format of wanted) {
    signal?.throwIfAborted();
    const file = await format.find(files, selection);
    if (file === undefined) continue;
    const reader = await (await format.load()).open(files, file, { generator, ...(signal && { signal }) });
    return await merged(files, await adopted(reader), options);
  }
  const names = wanted.flatMap((format) => format.fileNames(variant));
  throw new WeightsError("missing", await nothingFound(files, names));
}

/**
 * Fields of `config.json` by the shapes of a folder's weights, where they are in a format that comes without that file;
 * undefined elsewhere.
 * @throws WeightsError where the weights cannot be read, or contradict one another.
 */
export async function configFromWeights(
  files: FileSet,
  options: ReadOptions = {},
): Promise<Record<string, unknown> | undefined> {
  const [found] = await findWeights(files);
  if (found === undefined || !weightFormat(found.format).hasNoConfig) return undefined;
  const reader = await openWeights(files, { ...options, format: found.format });
  try {
    return reader.config?.();
  } finally {
    await reader.close();
  }
}

/** With the adapter that lies beside them, where there is one. */
async function merged(files: FileSet, reader: WeightsReader, options: ReadOptions): Promise<WeightsReader> {
  try {
    if (!(await files.has(ADAPTER_CONFIG))) return reader;
    return await (await import("./adapter/merge.js")).withAdapter(files, reader, options);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Weights in one format's file that are another's by their names go through that one's table. */
async function adopted(reader: WeightsReader): Promise<WeightsReader> {
  const formats: readonly WeightFormat[] = WEIGHT_FORMATS;
  const owner = formats.find((format) => format.claims?.(reader));
  if (owner === undefined) return reader;
  try {
    return (await owner.load()).adopt?.(reader) ?? reader;
  } catch (error) {
    await reader.close();
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
