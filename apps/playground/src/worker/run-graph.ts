import { onnxRuntime } from "@convbert/onnx";
import type { PipelineRuntime } from "@convbert/pipelines";
import { onnxRuntimeWeb } from "./onnxruntime.js";

const MOST_THREADS = 4;

/** ONNX Runtime with a graph of the folder, run as it is, and that in words. */
export async function runGraph(file: string): Promise<{ readonly runtime: PipelineRuntime; readonly words: string }> {
  const threads = globalThis.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency ?? 1) : 1;
  const ort = onnxRuntimeWeb(threads);
  const words = `onnxruntime-web ${ort.env.versions.web ?? ""}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${file}`;
  return { runtime: onnxRuntime(ort, { file }), words };
}
