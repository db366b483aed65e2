import { findWeights, openModelFiles } from "@convbert/converter";
import type { FileSet, ModelSource } from "@convbert/files";
import { MODEL_CLASSES, type ModelName } from "@convbert/heads";
import { CheckpointError, type ConvBertConfig, type ConvBertModel, InputError, readConfig } from "@convbert/model";
import type { OnnxDType, OnnxFromPretrainedOptions } from "./from-pretrained-options.js";
import { buildGraph } from "./graph/build.js";
import type { GraphStyle } from "./graph/builder.js";
import { layOut, wholeFile } from "./graph/model-proto.js";
import { keptOrMade, type MadeGraph } from "./graph-cache.js";
import { checkRuntime } from "./runtime.js";
import { signedProductsOverflow } from "./saturation.js";
import { GraphSession } from "./session.js";

/** Graphs that others lay in a folder, the preferred first. */
const FOREIGN: Readonly<Record<OnnxDType, readonly string[]>> = {
  float32: ["onnx/model.onnx", "model.onnx"],
  float16: ["onnx/model_fp16.onnx", "model_fp16.onnx"],
  int8: ["onnx/model_quantized.onnx", "onnx/model_int8.onnx", "model_quantized.onnx", "model_int8.onnx"],
};

/** Largest graph file that is read: what a protocol buffer can hold. */
const LARGEST = 2 ** 31;

export interface LoadedGraph {
  readonly config: ConvBertConfig;
  readonly session: GraphSession;
  readonly dtype: OnnxDType;
  /** What runs: "own graph, int8", or the name of the file. */
  readonly origin: string;
}

/** Makes the graph of a folder's model, or takes the one that it has, and hands it to the runtime. */
export async function loadGraph(
  modelName: string,
  source: ModelSource,
  options: OnnxFromPretrainedOptions,
): Promise<LoadedGraph> {
  const { runtime, dtype = "float32", session = {}, file, signal } = options;
  checkRuntime(runtime);
  if (!Object.hasOwn(FOREIGN, dtype)) {
    throw new InputError("dtype", `${JSON.stringify(dtype)} is none of ${Object.keys(FOREIGN).join(", ")}`);
  }
  const files = await openModelFiles(source, options);
  try {
    const found = file ?? (await foreignGraph(files, dtype));
    if (found !== undefined) {
      const config = await readConfig(files, options.config);
      const bytes = await files.readBytes(found, { maxBytes: LARGEST });
      signal?.throwIfAborted();
      const external = await externalData(files, found);
      const made = await GraphSession.create(runtime, bytes, config, { ...external, ...session });
      return { config, session: made, dtype, origin: found };
    }
    const make = (onWarning: (text: string) => void) => ownGraph(modelName, files, dtype, { ...options, onWarning });
    const { onWarning = console.warn } = options;
    const { config, bytes } = options.cache
      ? await keptOrMade(files, { modelName, dtype, graph: options.graph ?? {} }, options, make)
      : await make(onWarning);
    signal?.throwIfAborted();
    // Signed weights are the fastest where the processor has products of 8 bits; where they would overflow, the runtime is
    // told to take the time that is needed.
    const overflows = dtype === "int8" && (await signedProductsOverflow(runtime, session));
    const precise = overflows ? { extra: { session: { x64quantprecision: "1" } } } : {};
    const made = await GraphSession.create(runtime, bytes, config, { ...precise, ...session });
    return { config, session: made, dtype, origin: `own graph, ${dtype}` };
  } finally {
    if (files !== source) await files.close();
  }
}

/** The graph to run in a folder without weights; undefined where there are some. */
async function foreignGraph(files: FileSet, dtype: OnnxDType): Promise<string | undefined> {
  if ((await findWeights(files)).some(({ format }) => format !== "onnx")) return undefined;
  for (const name of FOREIGN[dtype]) {
    if (await files.has(name)) return name;
  }
  return undefined;
}

/** Weights that a graph's file refers to, `<name>_data` beside it, as runtimes take them in memory. */
async function externalData(files: FileSet, name: string): Promise<object> {
  const beside = `${name}_data`;
  if (!(await files.has(beside))) return {};
  const data = await files.readBytes(beside, { maxBytes: 2 * LARGEST });
  return { externalData: [{ path: beside.slice(beside.lastIndexOf("/") + 1), data }] };
}

async function ownGraph(
  modelName: string,
  files: FileSet,
  dtype: OnnxDType,
  options: OnnxFromPretrainedOptions,
): Promise<MadeGraph> {
  const {
    runtime: _runtime,
    session: _session,
    graph = {},
    file: _file,
    exact: _exact,
    batchTokens: _,
    cache: _cache,
    ...loading
  } = options;
  // All six have one static side; only their instances differ.
  const Model = MODEL_CLASSES[modelName as ModelName] as typeof ConvBertModel;
  using model = await Model.fromPretrained(files, { ...loading, dtype: "float32", threads: 1 });
  const { config } = model;
  const style: GraphStyle = {
    operators: "fused",
    floats: dtype === "float16" ? "float16" : "float32",
    integers: dtype === "int8" ? "int8" : null,
  };
  const { model: whole } = layOut(
    buildGraph(model, style, {
      ...graph,
      hiddenStates: graph.hiddenStates ?? config.output_hidden_states,
      attentions: graph.attentions ?? config.output_attentions,
      positionIds: true,
      masks: "bias",
    }),
  );
  if (whole.byteLength > LARGEST) {
    throw new CheckpointError(files.location, "the graph has more than 2 GiB; export it with its weights beside it");
  }
  return { config, bytes: wholeFile(whole) };
}
