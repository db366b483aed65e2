import { WEIGHT_FORMATS, type WeightFormatName } from "@convbert/converter";
import type { OutputFormat, WeightType } from "../protocol.js";

const FLOATS = ["float32", "float16", "bfloat16"] as const;

/** Element types of formats that do not have all. */
const TYPES: Partial<Record<WeightFormatName, readonly WeightType[]>> = {
  safetensors: [...FLOATS, "int8"],
  pytorch: [...FLOATS, "int8"],
  // HDF5 has no bfloat16.
  tensorflow: ["float32", "float16"],
  onnx: ["float32", "float16", "int8"],
};

/** Formats that can be written. Graphs are made by `@convbert/onnx`, all others by `@convbert/converter`. */
export function formats(): OutputFormat[] {
  return WEIGHT_FORMATS.filter(({ name, writes }) => writes || name === "onnx").map(({ name, title }) => ({
    name,
    title,
    types: TYPES[name] ?? FLOATS,
  }));
}
