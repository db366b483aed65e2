import type { WeightsReader } from "../../types.js";
import type { WeightFormat } from "../format.js";
import { safetensors } from "../safetensors/format.js";

/** `model.safetensors` under TensorFlow's names, as the reference's TensorFlow models save it; its metadata says so. */
export const tensorflowSafetensors = {
  name: "tensorflow-safetensors",
  title: "safetensors of TensorFlow",
  fileNames: safetensors.fileNames,
  find: async (files, options) => {
    const name = await safetensors.find(files, options);
    if (name === undefined) return undefined;
    // Names do not tell: only what stands in the file does.
    const reader = await (await safetensors.load()).open(files, name, {});
    await reader.close();
    return isTensorFlow(reader) ? name : undefined;
  },
  owns: safetensors.owns,
  claims: isTensorFlow,
  writes: true,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;

function isTensorFlow({ format, metadata }: WeightsReader): boolean {
  return format === "safetensors" && metadata["format"] === "tf";
}
