import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** Calls `use` with a folder in which `convbert convert --to onnx` has written the model as a user's would be. */
async function withOwnExport<Result>(model: string, dtype: string, use: (folder: string) => Promise<Result>) {
  const cli = fileURLToPath(new URL("../../../packages/convbert/dist/cli.js", import.meta.url));
  if (!existsSync(cli)) throw new Error("packages/convbert/dist is missing; build first: npm run build");
  const parent = mkdtempSync(join(tmpdir(), "convbert-own-export-"));
  try {
    const folder = join(parent, basename(model));
    const args = ["convert", model, folder, "--to", "onnx", "--dtype", dtype === "q8" ? "int8" : dtype];
    execFileSync(process.execPath, [cli, ...args], { stdio: ["ignore", "ignore", "inherit"] });
    return await use(folder);
  } finally {
    rmSync(parent, { recursive: true });
  }
}

/**
 * The pipeline of transformers.js on onnxruntime-node: all texts in one call, which pads them to the longest, or
 * (`--single`) a call for each text; with the exporter's graph or (`--own`) ours.
 */
async function load({ model, threads, dtype }: LoadRequest) {
  const { module: hub, version } = await importPeer<TransformersJs>("@huggingface/transformers");
  hub.env.allowRemoteModels = false;
  const open = (folder: string) => {
    hub.env.localModelPath = dirname(folder);
    return hub.pipeline("feature-extraction", basename(folder), {
      dtype: dtypes[dtype],
      device: "cpu",
      session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
    });
  };
  const isOwn = process.argv.includes("--own");
  const extract = isOwn ? await withOwnExport(model, dtype, open) : await open(model);
  const isSingle = process.argv.includes("--single");
  return {
    version: `@huggingface/transformers ${version} on onnxruntime-node${isOwn ? ", our graph" : ""}`,
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
