import type { WeightFormatName } from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { loadModel } from "@convbert/heads";
import type { WeightType } from "../protocol.js";

/** Loads the model and writes it: 8 bits have scales beside them, and a graph is more than its weights. */
export async function throughModel(
  files: FileSet,
  contents: Map<string, Blob>,
  format: WeightFormatName,
  dtype: WeightType,
  signal: AbortSignal,
): Promise<void> {
  const isGraph = format === "onnx";
  const model = await loadModel(files, {
    // A graph's 8 bits are made from floats.
    dtype: dtype === "int8" && !isGraph ? "int8" : "float32",
    threads: 1,
    signal,
    onWarning: () => undefined,
  });
  try {
    if (isGraph) {
      const { exportOnnx } = await import("@convbert/onnx");
      // Unsigned ones are right on every processor.
      await exportOnnx(model, contents, {
        signal,
        dtype: dtype === "float16" || dtype === "float32" ? dtype : "uint8",
      });
    } else {
      await model.savePretrained(contents, { format, dtype, signal });
    }
  } finally {
    model.dispose();
  }
}
