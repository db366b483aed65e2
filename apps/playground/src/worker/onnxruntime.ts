import script from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import binary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";

/** Threads that this worker's runtime may use; it reads the number once, when the first graph is loaded. */
export function onnxRuntimeWeb(threads: number): typeof ort {
  // As files of their own: a thread starts with the script that the runtime came in.
  ort.env.wasm.wasmPaths = { mjs: script, wasm: binary };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  return ort;
}
