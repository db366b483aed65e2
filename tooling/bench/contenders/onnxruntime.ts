import { join } from "node:path";
import { importPeer } from "./peers.ts";
import type { Engine, LoadRequest } from "./serve.ts";

/** The part of the API, the same in onnxruntime-web and onnxruntime-node, that is used here. */
interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly InferenceSession: {
    create(
      path: string,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>>;
    }>;
  };
  readonly Tensor: new (type: "int64", data: BigInt64Array, shape: number[]) => object;
}

const files: Record<string, string> = {
  float32: "model.onnx",
  q8: "model_quantized.onnx",
  int8: "model_int8.onnx",
};

export async function loadOnnxRuntime(name: string, provider: string, request: LoadRequest): Promise<Engine> {
  const { module: ort, version } = await importPeer<OnnxRuntime>(name);
  ort.env.wasm.numThreads = request.threads;
  const session = await ort.InferenceSession.create(join(request.model, "onnx", files[request.dtype]!), {
    executionProviders: [provider],
    intraOpNumThreads: request.threads,
    interOpNumThreads: 1,
  });
  return {
    version: `${name} ${version}`,
    prepare(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([key, { data, shape }]) => [
          key,
          new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape),
        ]),
      );
      return async () => {
        const { last_hidden_state: output } = await session.run(feeds);
        return { data: output!.data, shape: output!.dims };
      };
    },
  };
}
