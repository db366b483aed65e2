import { loadOnnxRuntime } from "./onnxruntime.ts";
import { serve } from "./serve.ts";

await serve((request) => loadOnnxRuntime("onnxruntime-node", "cpu", request));
