import type { FileSet } from "@convbert/files";
import { isModelName } from "@convbert/heads";
import { type FromPretrainedOptions, InputError } from "@convbert/model";
import type { OnnxFromPretrainedOptions } from "./from-pretrained-options.js";
import type { OnnxConvBertModel } from "./models/model.js";
import type { OnnxConvBert } from "./onnx-model.js";
import { ONNX_MODEL_CLASSES } from "./registry.js";
import { checkRuntime, type OnnxRuntime } from "./runtime.js";

/** What a pipeline's models are to be: options that are the same for every source. */
export type OnnxRuntimeOptions = Pick<
  OnnxFromPretrainedOptions,
  "dtype" | "session" | "file" | "exact" | "batchTokens" | "cache"
>;

/**
 * Runs a pipeline's model on ONNX Runtime: `pipeline(task, source, { runtime: onnxRuntime(ort) })`.
 * @param runtime what `import * as ort from "onnxruntime-node"` gives.
 * @throws InputError for what is no ONNX Runtime.
 */
export function onnxRuntime(
  runtime: OnnxRuntime,
  options: OnnxRuntimeOptions = {},
): {
  /** Loads the model of that name; `@convbert/pipelines` calls it. */
  loadModel(name: string, files: FileSet, loading: FromPretrainedOptions): Promise<OnnxConvBert>;
} {
  checkRuntime(runtime);
  return {
    async loadModel(name, files, loading) {
      if (!isModelName(name)) throw new InputError("model", `there is no model ${JSON.stringify(name)}`);
      // How our own engine would compute is none of the runtime's; threads and 8 bits are.
      const { backend: _backend, wideVectors: _wide, activationBits: _bits, threads, dtype, ...rest } = loading;
      const session = { ...(threads !== undefined && { intraOpNumThreads: threads }), ...options.session };
      // All six have one static side; only their instances differ.
      const Model = ONNX_MODEL_CLASSES[name] as typeof OnnxConvBertModel;
      return Model.fromPretrained(files, { ...rest, ...(dtype && { dtype }), ...options, session, runtime });
    },
  };
}
