/**
 * Vectors a second of sentence-encoder, int8 and float32, beside its teacher all-MiniLM-L6-v2 in transformers.js on
 * onnxruntime-node: 256 sentences of the data folder, in interleaved rounds, the lowest time of each. Needs a build and setup.mjs.
 * Usage: node tooling/bench/encoder.ts --teacher FOLDER [--data ../shared/data] [--threads 2] [--rounds 5]
 * FOLDER has config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx (`optimum-cli export onnx` makes them).
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { defaultData } from "./accuracy.ts";
import { importPeer } from "./contenders/peers.ts";

type Extract = ((texts: readonly string[], options: object) => Promise<unknown>) & { dispose?(): unknown };
interface TransformersJs {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(task: string, model: string, options: object): Promise<Extract>;
}
interface Convbert {
  enableWideVectors(): Promise<boolean>;
  pipeline(task: string, model: string, options: object): Promise<Extract>;
}

const SENTENCES = 256;
/** What transformers.js gets at a time: without batches it takes longer, with larger ones too. */
const BATCH = 32;

const { values: flags } = parseArgs({
  options: {
    teacher: { type: "string" },
    data: { type: "string", default: defaultData() },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
  },
});
const texts = readFileSync(join(flags.data, "sst2/test.tsv"), "utf8")
  .split("\n")
  .slice(0, SENTENCES)
  .map((line) => line.split("\t")[0]!);
const threads = Number(flags.threads);
const { enableWideVectors, pipeline } = (await import(
  new URL("../../packages/convbert/dist/index.js", import.meta.url).href
)) as Convbert;
const isWide = await enableWideVectors();
const encoder = fileURLToPath(new URL("../../packages/models/sentence-encoder", import.meta.url));

const contenders: { readonly name: string; run(): Promise<unknown> }[] = [];
for (const dtype of ["int8", "float32"]) {
  const extract = await pipeline("feature-extraction", encoder, { dtype, threads });
  contenders.push({ name: `sentence-encoder, ${dtype}`, run: () => extract(texts, {}) });
}
if (flags.teacher !== undefined) {
  const folder = resolve(flags.teacher);
  const { module: hub, version } = await importPeer<TransformersJs>("@huggingface/transformers");
  hub.env.allowRemoteModels = false;
  hub.env.localModelPath = `${dirname(folder)}/`;
  const options = { dtype: "fp32", session_options: { intraOpNumThreads: threads } };
  const extract = await hub.pipeline("feature-extraction", basename(folder), options);
  const run = async () => {
    for (let i = 0; i < texts.length; i += BATCH) {
      await extract(texts.slice(i, i + BATCH), { pooling: "mean", normalize: true });
    }
  };
  contenders.push({ name: `all-MiniLM-L6-v2, transformers.js ${version}`, run });
}

const lowest = contenders.map(() => Number.POSITIVE_INFINITY);
for (const { run } of contenders) await run();
for (let round = 0; round < Number(flags.rounds); round++) {
  for (const [i, { run }] of contenders.entries()) {
    const begun = performance.now();
    await run();
    lowest[i] = Math.min(lowest[i]!, performance.now() - begun);
  }
}
console.log(`${SENTENCES} sentences, ${threads} threads${isWide ? ", 256-bit vectors" : ""}`);
for (const [i, { name }] of contenders.entries()) {
  console.log(
    `${name}: ${Math.round((SENTENCES * 1000) / lowest[i]!)} vectors a second (${Math.round(lowest[i]!)} ms)`,
  );
}
