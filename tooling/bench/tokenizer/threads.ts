/**
 * One call against `encodeBatch` in workers, on growing batches of real texts: equal ids first, then times in turns.
 * Usage: node tooling/bench/tokenizer/threads.ts [--data DIR] [--threads 2] [--rounds 5]
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { importOurs } from "./contenders.ts";
import { readTexts } from "./texts.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { values } = parseArgs({
  options: {
    data: { type: "string", default: here("../../../../shared/data") },
    threads: { type: "string", default: String(Math.min(availableParallelism(), 4)) },
    rounds: { type: "string", default: "5" },
  },
});
const threads = Number(values.threads);
const options = { return_token_type_ids: false, return_attention_mask: false };
const texts = readTexts("books", values.data);
const vocabulary = gunzipSync(readFileSync(here("../../../packages/tokenizer/test/fixtures/vocab.txt.gz"))).toString();
const { ConvBertTokenizerFast } = await importOurs();

const time = async (work: () => unknown): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
const lowest = (times: readonly number[]): string => Math.min(...times).toFixed(0);

console.log(`${cpus()[0]?.model}, node ${process.version}, ${threads} workers; lowest of ${values.rounds}, ms`);
console.log("| million UTF-16 units | one call | first, workers start | workers | one call / workers |");
console.log("|---|---|---|---|---|");
for (const part of [32, 16, 8, 4, 2, 1]) {
  const batch = texts.slice(0, Math.ceil(texts.length / part));
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const alone = (): unknown => tokenizer(batch, options);
  const together = (): unknown => tokenizer.encodeBatch(batch, options, { threads, minimumSize: 0 });
  const first = await time(together);
  const parallel = await tokenizer.encodeBatch(batch, options, { threads, minimumSize: 0 });
  if (!isDeepStrictEqual(parallel.input_ids, tokenizer(batch, options).input_ids)) throw new Error("ids differ");
  const [one, many]: [number[], number[]] = [[], []];
  for (let i = 0; i < Number(values.rounds); i++) {
    one.push(await time(alone));
    many.push(await time(together));
  }
  const size = batch.reduce((sum, text) => sum + text.length, 0) / 1e6;
  const ratio = (Math.min(...one) / Math.min(...many)).toFixed(2);
  console.log(`| ${size.toFixed(2)} | ${lowest(one)} | ${first.toFixed(0)} | ${lowest(many)} | ${ratio} |`);
}
