import type { FileSet } from "@convbert/files";
import { WeightsError } from "../errors.js";
import type { WeightFormat } from "./format.js";
import { onnx } from "./onnx/format.js";
import { pytorch } from "./pytorch/format.js";
import { safetensors } from "./safetensors/format.js";
import { tensorflow } from "./tensorflow/format.js";
import { tensorflowSafetensors } from "./tensorflow-safetensors/format.js";
import { tf1 } from "./tf1/format.js";

/** Every format, in the order in which a folder is searched: the reference's own first, then what others have written. */
export const WEIGHT_FORMATS = [
  safetensors,
  pytorch,
  tensorflow,
  tensorflowSafetensors,
  tf1,
  onnx,
] as const satisfies readonly WeightFormat[];

/** Name of a format. */
export type WeightFormatName = (typeof WEIGHT_FORMATS)[number]["name"];

/**
 * A format by name.
 * @throws WeightsError "unsupported" for a name that no format has.
 */
export function weightFormat(name: string): WeightFormat {
  const found = WEIGHT_FORMATS.find((format) => format.name === name);
  if (found === undefined) {
    const known = WEIGHT_FORMATS.map((format) => format.name).join(", ");
    throw new WeightsError("unsupported", `there is no weight format ${JSON.stringify(name)}; choose one of ${known}`);
  }
  return found;
}

/** Weights that a folder has. */
export interface FoundWeights {
  readonly format: WeightFormatName;
  /** What people call the format. */
  readonly title: string;
  /** The file that would be opened. */
  readonly file: string;
}

/** The formats that a folder's weights are in, the one that `openWeights` takes first. */
export async function findWeights(
  files: FileSet,
  options: { readonly variant?: string } = {},
): Promise<FoundWeights[]> {
  const found: FoundWeights[] = [];
  for (const format of WEIGHT_FORMATS) {
    const file = await format.find(files, options);
    if (file === undefined) continue;
    // A format that knows its own by what is in a file of another's has looked into it.
    const other = "claims" in format ? found.findIndex((entry) => entry.file === file) : -1;
    const index = other < 0 ? found.length : other;
    found[index] = { format: format.name, title: format.title, file };
  }
  return found;
}
