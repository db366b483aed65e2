import { shardedFileNames } from "../file-names.js";
import type { WeightFormat } from "../format.js";

/** `tf_model.h5`, what Keras and the reference's TensorFlow models save, whole or sharded. */
export const tensorflow = {
  name: "tensorflow",
  title: "TensorFlow",
  ...shardedFileNames("tf_model.h5"),
  writes: true,
  load: async () => (await import("./code.js")).code,
} as const satisfies WeightFormat;
