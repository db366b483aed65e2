import { findWeights } from "@convbert/converter";
import type { FileSet } from "@convbert/files";

/** As optimum and PyTorch's exporters name graphs, the preferred first. */
const USUAL = ["model", "model_quantized", "model_int8", "model_uint8", "model_fp16"].flatMap((name) => [
  `onnx/${name}.onnx`,
  `${name}.onnx`,
]);

/** The ONNX graph of a folder that has nothing else to run; null where there are weights, or neither. */
export async function graphOf(files: FileSet): Promise<string | null> {
  const listed = await files.list?.();
  const graphs = listed?.filter((name) => name.endsWith(".onnx"));
  if (graphs?.length === 0 || (await findWeights(files)).some(({ format }) => format !== "onnx")) return null;
  if (graphs !== undefined) return USUAL.find((name) => graphs.includes(name)) ?? graphs[0] ?? null;
  for (const name of USUAL) {
    if (await files.has(name)) return name;
  }
  return null;
}

/** Throws, with words, where there is a graph from which no weights can be told: it can run, and no more. */
export async function checkWeights(files: FileSet): Promise<void> {
  if ((await findWeights(files)).length > 0) return;
  const graph = await graphOf(files);
  if (graph === null) return;
  throw new Error(
    `There is a graph alone (${graph}), which runs but has no weights to look into, convert or train. ` +
      "Add the model’s weights, or its graph of floats as model.onnx.",
  );
}
