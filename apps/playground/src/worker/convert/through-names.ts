import { openWeights, saveModelFiles, tensorsOf, type WeightFormatName } from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { readConfig } from "@convbert/model";
import type { WeightType } from "../protocol.js";

const WIRE_TYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;

/** The encoder's name in front of its weights in a model with a head. */
const BASE = "convbert.";

/** Writes every tensor under the name that it has. Gives the names of those that the format has no place for. */
export async function throughNames(
  files: FileSet,
  contents: Map<string, Blob>,
  format: WeightFormatName,
  dtype: Exclude<WeightType, "int8">,
  signal: AbortSignal,
): Promise<string[]> {
  const reader = await openWeights(files, { signal });
  try {
    const names = [...reader.tensors.keys()];
    // A checkpoint of TensorFlow 1 holds the encoder alone.
    const isCut = format === "tf1" && names.some((name) => name.startsWith(BASE));
    const rename = (name: string) => (name.startsWith(BASE) ? name.slice(BASE.length) : undefined);
    const tensors = tensorsOf(reader, { floatDType: WIRE_TYPES[dtype], ...(isCut && { rename }) });
    const config = {
      ...(await configOf(files)),
      torch_dtype: dtype,
      ...(isCut && { architectures: ["ConvBertModel"] }),
    };
    await saveModelFiles(contents, config, tensors, { format, signal });
    return isCut ? names.filter((name) => !name.startsWith(BASE)) : [];
  } finally {
    await reader.close();
  }
}

/** As it stands; where there is none, as a checkpoint of TensorFlow 1 may have it, what the weights' shapes say. */
async function configOf(files: FileSet): Promise<object> {
  const read = await readConfig(files);
  if (!(await files.has("config.json"))) return read.toJSON();
  return JSON.parse(await files.readText("config.json")) as object;
}
