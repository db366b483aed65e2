import type { RuntimeName, RuntimeSetting } from "../../worker/protocol.js";

/** Threads of the settings that use several. */
const MANY = Math.min(8, Math.max(2, navigator.hardwareConcurrency ?? 2));

export const SETTINGS: readonly RuntimeSetting[] = [
  { runtime: "core", dtype: "float32", threads: 1 },
  { runtime: "core", dtype: "int8", threads: 1 },
  { runtime: "core", dtype: "float32", threads: MANY },
  { runtime: "core", dtype: "int8", threads: MANY },
  { runtime: "onnx", dtype: "float32", threads: 1 },
  { runtime: "onnx", dtype: "int8", threads: 1 },
  { runtime: "onnx", dtype: "float32", threads: MANY },
  { runtime: "onnx", dtype: "int8", threads: MANY },
  // Its threads start with a script that it makes of a function's source, which is not whole in a bundle.
  { runtime: "tfjs", dtype: "float32", threads: 1 },
];

export const RUNTIMES: Readonly<Record<RuntimeName, string>> = {
  core: "ConvBERT's own",
  onnx: "onnxruntime-web",
  tfjs: "TensorFlow.js",
};

export function nameOf({ runtime, dtype, threads }: RuntimeSetting): string {
  return `${RUNTIMES[runtime]} ${dtype}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}
