import * as node from "onnxruntime-node";
import * as web from "onnxruntime-web";
import type { OnnxRuntime } from "../src/index.js";

web.env.wasm.numThreads = 1;
web.env.logLevel = "error";

/** ONNX Runtime as Node has it and as pages have it. */
export const RUNTIMES: Readonly<Record<"onnxruntime-node" | "onnxruntime-web", OnnxRuntime>> = {
  "onnxruntime-node": node,
  "onnxruntime-web": web,
};
