import { type NamedTensor, type SaveModelFilesOptions, saveModelFiles, WEIGHT_FORMATS } from "@convbert/converter";
import type { WriteDestination } from "@convbert/files";
import { InputError } from "./errors.js";
import { int8Tensors, QUANTIZATION_CONFIG } from "./int8-checkpoint.js";
import type { ModelConfig } from "./model-config.js";
import type { Parameter } from "./parameters.js";

/** Element types of a file's weights. */
export type SavedDType = "float32" | "float16" | "bfloat16" | "int8";

const WIRE_TYPES = { float32: "F32", float16: "F16", bfloat16: "BF16", int8: "F32" } as const;

/** What is written of a model, whatever runs it. */
export interface SavedModel {
  readonly modelName: string;
  readonly config: ModelConfig;
}

/** The configuration that stands beside weights of a type. */
export function savedConfig({ modelName, config }: SavedModel, dtype: SavedDType): ModelConfig {
  const isInt8 = dtype === "int8";
  return config.with({
    architectures: [modelName],
    torch_dtype: isInt8 ? "float32" : dtype,
    // What was read from an 8-bit file may have left 8 bits.
    quantization_config: isInt8 ? QUANTIZATION_CONFIG : undefined,
  });
}

/** A model's weights for a file. */
export function parameterTensors(parameters: Iterable<Parameter>, dtype: SavedDType): NamedTensor[] {
  return [...parameters].flatMap((parameter): NamedTensor[] => {
    const { name, shape, tiedTo, fetch, slot } = parameter;
    if (dtype === "int8" && slot.int8 !== null) {
      return int8Tensors(parameter, slot.int8);
    }
    return [{ name, shape, dtype: WIRE_TYPES[dtype], data: fetch, ...(tiedTo !== undefined && { tiedTo }) }];
  });
}

/**
 * Writes `config.json` and weights.
 * @throws InputError for a type or a format that is not written; FilesError when the destination cannot be written.
 */
export async function saveModel(
  destination: WriteDestination,
  model: SavedModel,
  dtype: SavedDType,
  tensors: Iterable<NamedTensor>,
  options: SaveModelFilesOptions,
): Promise<void> {
  const { format = "safetensors" } = options;
  const known = WEIGHT_FORMATS.filter(({ writes }) => writes).map(({ name }) => name);
  expectOneOf("dtype", dtype, Object.keys(WIRE_TYPES));
  expectOneOf("format", format, known);
  await saveModelFiles(destination, savedConfig(model, dtype), tensors, options);
}

/** JavaScript callers can pass anything. */
export function expectOneOf(argument: string, value: unknown, known: readonly string[]): void {
  if (!known.includes(value as string)) {
    throw new InputError(argument, `${JSON.stringify(value)} is none of ${known.join(", ")}`);
  }
}
