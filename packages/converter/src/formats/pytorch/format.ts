import { shardedFileNames } from "../file-names.js";
import type { WeightFormat } from "../format.js";

/** `pytorch_model.bin`, whole or sharded. */
export const pytorch = {
  name: "pytorch",
  title: "PyTorch",
  ...shardedFileNames("pytorch_model.bin"),
  writes: true,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;
