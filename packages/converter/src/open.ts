import type { FileSet } from "@convbert/files";
import { WeightsError } from "./errors.js";
import { readSafetensors } from "./safetensors/read.js";
import type { ReadOptions, WeightsReader } from "./types.js";

/** Opens the weights of a checkpoint, whichever file they are in. */
export async function openWeights(files: FileSet, _options: ReadOptions = {}): Promise<WeightsReader> {
  if (await files.has("model.safetensors")) return readSafetensors(await files.open("model.safetensors"));
  throw new WeightsError("missing", `${files.location} has no weights`);
}
