import { existsSync } from "node:fs";
import { importPeer } from "./peers.ts";
import { type LoadRequest, serve } from "./serve.ts";

/** The part of the runtimes' API that is used here. */
interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number } };
}

/** The part of @convbert/onnx that is used here; the built package is measured, as a user gets it. */
interface OnnxPackage {
  readonly OnnxConvBertModel: {
    fromPretrained(
      folder: string,
      options: object,
    ): Promise<{
      forward(inputs: object): Promise<{ last_hidden_state: { data: Float32Array; shape: number[] } }>;
    }>;
  };
}

/** Our own graph on onnxruntime-node or, with `--web`, on onnxruntime-web. */
async function load({ model: folder, threads, dtype }: LoadRequest) {
  const isWeb = process.argv.includes("--web");
  const entry = new URL("../../../packages/onnx/dist/index.js", import.meta.url);
  if (!existsSync(entry)) throw new Error("packages/onnx/dist is missing; build first: npm run build");
  const { OnnxConvBertModel } = (await import(entry.href)) as OnnxPackage;
  const name = isWeb ? "onnxruntime-web" : "onnxruntime-node";
  const { module: runtime, version } = await importPeer<OnnxRuntime>(name);
  runtime.env.wasm.numThreads = threads;
  const model = await OnnxConvBertModel.fromPretrained(folder, {
    runtime,
    dtype,
    session: {
      executionProviders: [isWeb ? "wasm" : "cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    },
  });
  return {
    version: `@convbert/onnx on ${name} ${version}`,
    prepare(inputs: Record<string, { data: number[]; shape: number[] }>) {
      return async () => {
        const { data, shape } = (await model.forward(inputs)).last_hidden_state;
        return { data, shape };
      };
    },
  };
}

await serve(load);
