import { shardedFileNames } from "../file-names.js";
import type { WeightFormat } from "../format.js";

/** `model.safetensors`, whole or sharded. */
export const safetensors = {
  name: "safetensors",
  title: "safetensors",
  ...shardedFileNames("model.safetensors"),
  writes: true,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;
