import { loadOnnxRuntime } from "./onnxruntime.ts";
import { serve } from "./serve.ts";

await serve((request) => loadOnnxRuntime("onnxruntime-web", "wasm", request));
