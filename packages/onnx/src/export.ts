import { configJson } from "@convbert/converter/internal";
import { type WriteDestination, type WriteFilesOptions, writeFiles } from "@convbert/files";
import { InputError } from "@convbert/model";
import { buildGraph, type GraphFeatures } from "./graph/build.js";
import type { GraphStyle } from "./graph/builder.js";
import { layOut } from "./graph/model-proto.js";
import type { GraphSource } from "./graph/module.js";

export interface OnnxExportOptions
  extends Pick<
    GraphFeatures,
    "positionIds" | "inputsEmbeds" | "headMask" | "hiddenStates" | "attentions" | "kernels" | "padding"
  > {
  /**
   * How weights are kept and the name of the file in `onnx/`, as transformers.js looks for it:
   * - "float32" (the default): `model.onnx`;
   * - "float16": `model_fp16.onnx`, computed in float16 too, for GPUs; inputs and outputs stay as they are;
   * - "uint8": `model_quantized.onnx`, large products and word embeddings in 8 bits, right on every processor;
   * - "int8": `model_int8.onnx`, the same with signed weights: faster where processors have 8-bit products (VNNI, Arm), and
   *   wrong where they do not, unless the session is told `x64quantprecision`.
   */
  readonly dtype?: "float32" | "float16" | "uint8" | "int8";
  /** "fused" (the default) for ONNX Runtime, with its own operators; "standard" for other runtimes, opset 18 alone. */
  readonly operators?: GraphStyle["operators"];
  /** Keep the weights beside the graph, in `<name>_data`; by default where they have more than 1.5 GB. */
  readonly externalData?: boolean;
}

const FILES = {
  float32: "model.onnx",
  float16: "model_fp16.onnx",
  uint8: "model_quantized.onnx",
  int8: "model_int8.onnx",
} as const;

/** Below what a protocol buffer can hold, with room for the graph. */
const LARGEST_WITHIN = 1.5e9;

/**
 * The files of a model's graph by name, `onnx/model.onnx` and the like: pieces of bytes, each to be taken once, for
 * `writeFiles` of `@convbert/files`. Inputs and outputs have optimum's names: `input_ids`, `attention_mask` and
 * `token_type_ids` to `last_hidden_state`, `logits`, or `start_logits` and `end_logits`.
 * @throws InputError for options that do not exist or do not go together.
 */
export function onnxFiles(model: GraphSource, options: OnnxExportOptions = {}): Map<string, Iterable<Uint8Array>> {
  const { dtype = "float32", operators = "fused", externalData, ...features } = options;
  if (!Object.hasOwn(FILES, dtype)) {
    throw new InputError("dtype", `${JSON.stringify(dtype)} is none of ${Object.keys(FILES).join(", ")}`);
  }
  if (operators !== "fused" && operators !== "standard") {
    throw new InputError("operators", `${JSON.stringify(operators)} is none of fused, standard`);
  }
  const graph = buildGraph(
    model,
    {
      operators,
      floats: dtype === "float16" ? "float16" : "float32",
      integers: dtype === "int8" || dtype === "uint8" ? dtype : null,
    },
    features,
  );
  const name = FILES[dtype];
  const inside = layOut(graph);
  const isOutside = externalData ?? inside.model.byteLength > LARGEST_WITHIN;
  const { model: file, data } = isOutside ? layOut(graph, `${name}_data`) : inside;
  const files = new Map([[`onnx/${name}`, file.pieces()]]);
  if (data !== null) files.set(`onnx/${name}_data`, data.pieces());
  return files;
}

/**
 * Writes a model's graph, and `config.json` beside it, as transformers.js and optimum look for them; put the tokenizer's
 * files there too. Files appear complete or not at all, and others of the folder stay.
 * @throws InputError as {@link onnxFiles}; FilesError when the destination cannot be written; the signal's reason when it aborts.
 */
export async function exportOnnx(
  model: GraphSource,
  destination: WriteDestination,
  { signal, onProgress, ...options }: OnnxExportOptions & Pick<WriteFilesOptions, "signal" | "onProgress"> = {},
): Promise<void> {
  const files = onnxFiles(model, options);
  const config = model.config.with({ architectures: [model.modelName] });
  await writeFiles(destination, [["config.json", configJson(config)], ...files], {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}
