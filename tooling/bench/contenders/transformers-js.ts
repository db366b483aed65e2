import { basename, dirname } from "node:path";
import { importPeer } from "./peers.ts";
import { type LoadRequest, type Output, serve, stack } from "./serve.ts";

/** The part of @huggingface/transformers that is used here. */
interface TransformersJs {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(task: "feature-extraction", model: string, options: object): Promise<Extractor>;
}
type Extractor = (
  texts: string | readonly string[],
  options: { pooling: "mean" },
) => Promise<{ data: Float32Array; dims: number[] }>;

const dtypes: Record<string, string> = { float32: "fp32", q8: "q8" };

/**
 * The pipeline of transformers.js on onnxruntime-node: all texts in one call, which pads them to the longest, or
 * (`--single`) a call for each text.
 */
async function load({ model, threads, dtype }: LoadRequest) {
  const { module: hub, version } = await importPeer<TransformersJs>("@huggingface/transformers");
  hub.env.allowRemoteModels = false;
  hub.env.localModelPath = dirname(model);
  const extract = await hub.pipeline("feature-extraction", basename(model), {
    dtype: dtypes[dtype],
    device: "cpu",
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  const isSingle = process.argv.includes("--single");
  return {
    version: `@huggingface/transformers ${version} on onnxruntime-node`,
    prepareTexts: (texts: readonly string[]) => async (): Promise<Output> => {
      if (!isSingle) {
        const { data, dims } = await extract(texts, { pooling: "mean" });
        return { data, shape: dims };
      }
      const rows: Float32Array[] = [];
      for (const text of texts) rows.push((await extract(text, { pooling: "mean" })).data);
      return stack(rows);
    },
  };
}

await serve(load);
