import type { OpenModelOptions } from "@convbert/converter";
import type { FromPretrainedOptions } from "@convbert/model";
import type { GraphFeatures } from "./graph/build.js";
import type { OnnxRuntime } from "./runtime.js";

/** How weights are kept in a graph, and what is computed with. */
export type OnnxDType = "float32" | "float16" | "int8";

/** What the graph of a model is to take and give beyond what it always does. */
export type OnnxGraphOptions = Pick<
  GraphFeatures,
  "headMask" | "inputsEmbeds" | "hiddenStates" | "attentions" | "kernels"
>;

type Loading = Pick<
  FromPretrainedOptions,
  | "useSafetensors"
  | "variant"
  | "config"
  | "allowNewHead"
  | "allowNewWeights"
  | "ignoreMismatchedSizes"
  | "seed"
  | "onWarning"
>;

export interface OnnxFromPretrainedOptions extends OpenModelOptions, Loading {
  /** ONNX Runtime, as `import * as ort from "onnxruntime-node"` gives it; this package imports none. */
  readonly runtime: OnnxRuntime;
  /** "float32" by default. "float16" is for GPUs; "int8" has 8-bit weights in its large products, for processors. */
  readonly dtype?: OnnxDType;
  /** Options of the runtime's session: `{ executionProviders: ["webgpu"], intraOpNumThreads: 2 }`. */
  readonly session?: object;
  /** Further inputs and outputs of the graph. */
  readonly graph?: OnnxGraphOptions;
  /**
   * A graph of the folder to run as it is, "onnx/model_quantized.onnx". By default one is made from the folder's weights;
   * where it has none, `onnx/model.onnx` runs (for "float16" `model_fp16.onnx`, for "int8" `model_quantized.onnx`).
   */
  readonly file?: string;
  /**
   * Keep the made graph where downloads are kept (`cacheDirectory`), so that later loads of the same weights with the same
   * options take it from there: they still read the weights, to know them again, but convert nothing.
   */
  readonly cache?: boolean;
  /**
   * For a graph that others have made, whose padded batches change the results: run only sequences of one length
   * together; true by default. This package's own graphs are exact in any batch.
   */
  readonly exact?: boolean;
  /** Tokens that run together in `forwardRagged`, padding counted; 1,024 by default. */
  readonly batchTokens?: number;
}
