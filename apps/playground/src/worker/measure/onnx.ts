import { ONNX_MODEL_CLASSES, type OnnxConvBertModel } from "@convbert/onnx";
import * as ort from "onnxruntime-web/wasm";
import { firstOutput, type Prepare } from "./runtime.js";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** ONNX Runtime, with a graph that the adapter makes of the weights. */
export const prepareOnnx: Prepare = async (files, name, { dtype }, signal) => {
  // All six have one static side; only their outputs differ.
  const Model = ONNX_MODEL_CLASSES[name] as unknown as typeof OnnxConvBertModel;
  const model = (await Model.fromPretrained(files, {
    runtime: ort,
    dtype,
    signal,
    onWarning: () => undefined,
  })) as OnnxConvBertModel;
  return {
    backend: `onnxruntime-web ${ort.env.versions.web ?? ""}, WebAssembly`,
    run: async (inputIds) => firstOutput(await model.forward({ input_ids: inputIds as number[][] })),
    [Symbol.dispose]: () => model.dispose(),
  };
};
