import { TF_MODEL_CLASSES } from "@convbert/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import type { Prepare } from "./runtime.js";

/** TensorFlow.js on its WebAssembly backend, with the adapter's layers models. */
export const prepareTfjs: Prepare = async (files, name) => {
  setWasmPaths({
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    // Has to be named, and is never fetched: see below.
    "tfjs-backend-wasm-threaded-simd.wasm": simd,
  });
  // Its threads make their script of a function's source, which no minified bundle has whole.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await tf.ready();
  const Model = TF_MODEL_CLASSES[`TF${name}`] as (typeof TF_MODEL_CLASSES)["TFConvBertModel"];
  const model = await Model.fromPretrained(files, { onWarning: () => undefined });
  return {
    backend: `TensorFlow.js ${tf.version_core}, WebAssembly`,
    async run(inputIds) {
      const outputs = model.forward({ input_ids: inputIds as number[][] });
      const [first] = Object.values(outputs) as tf.Tensor[];
      const data = Float32Array.from(await first!.data());
      tf.dispose(outputs as never);
      return data;
    },
    [Symbol.dispose]: () => model.dispose(),
  };
};
