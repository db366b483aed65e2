import { importPeer } from "./peers.ts";
import { serve } from "./serve.ts";
import { type Tfjs, TfjsConvBert } from "./tfjs-graph.ts";

await serve(async ({ model: folder, threads }) => {
  if (threads > 1) throw new Error("TensorFlow.js's WebAssembly backend has one thread in Node (its flags say so)");
  const { module: tf } = await importPeer<Tfjs>("@tensorflow/tfjs-core");
  const { version } = await importPeer("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  await tf.ready();
  const model = new TfjsConvBert(tf, folder);
  return {
    version: `@tensorflow/tfjs-backend-wasm ${version}`,
    prepare({ input_ids: words, token_type_ids: segments }) {
      const indices = ({ data, shape }: NonNullable<typeof words>) => tf.tensor(Int32Array.from(data), shape, "int32");
      const inputs = [indices(words!), indices(segments!)] as const;
      return async () => {
        const output = model.forward(...inputs);
        const data = await output.data();
        const { shape } = output;
        output.dispose();
        return { data, shape };
      };
    },
  };
});
