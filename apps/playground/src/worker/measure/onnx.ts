import { ONNX_MODEL_CLASSES, type OnnxConvBertModel } from "@convbert/onnx";
import { onnxRuntimeWeb } from "../onnxruntime.js";
import { firstOutput, type Prepare } from "./runtime.js";

/** ONNX Runtime, with a graph that the adapter makes of the weights. */
export const prepareOnnx: Prepare = async (files, name, { dtype, threads }) => {
  const runtime = onnxRuntimeWeb(threads);
  // All six have one static side; only their outputs differ.
  const Model = ONNX_MODEL_CLASSES[name] as unknown as typeof OnnxConvBertModel;
  const model = (await Model.fromPretrained(files, {
    runtime,
    dtype,
    onWarning: () => undefined,
  })) as OnnxConvBertModel;
  return {
    backend: `onnxruntime-web ${runtime.env.versions.web ?? ""}, WebAssembly`,
    run: async (inputIds) => firstOutput(await model.forward({ input_ids: inputIds as number[][] })),
    [Symbol.dispose]: () => model.dispose(),
  };
};
