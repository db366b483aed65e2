import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// Our side of compare.ts: answers each JSON request on stdin with one JSON line on stdout.

interface Learner {
  accumulate(batch: object): Promise<number>;
  step(rate: number): number;
  dispose(): void;
}
interface Model {
  readonly backend: { readonly description: string; memory(): { reservedBytes: number } };
  dispose(): void;
}

async function importOurs<Module>(name: string): Promise<Module> {
  const entry = new URL(`../../../packages/${name}/dist/index.js`, import.meta.url);
  if (!existsSync(entry)) throw new Error(`packages/${name}/dist is missing; build first: npm run build`);
  return import(entry.href);
}

const heads = await importOurs<{
  ConvBertForSequenceClassification: { fromPretrained(folder: string, options: object): Promise<Model> };
}>("heads");
const trainer = await importOurs<{ Learner: new (model: Model, options: object) => Learner }>("trainer");

let model: Model | undefined;
let learner: Learner | undefined;
let batches: object[] = [];
let at = 0;

async function answer(request: {
  op: string;
  model: string;
  threads: number;
  batches: string;
  dropout: boolean;
}): Promise<object> {
  if (request.op === "load") {
    learner?.dispose();
    model?.dispose();
    const { threads } = request;
    model = await heads.ConvBertForSequenceClassification.fromPretrained(request.model, { threads });
    learner = new trainer.Learner(model, { dropout: request.dropout });
    batches = JSON.parse(readFileSync(request.batches, "utf8"));
    at = 0;
    return { version: `ours, ${model.backend.description}, Node ${process.versions.node}` };
  }
  const start = performance.now();
  const loss = await learner!.accumulate(batches[at++ % batches.length]!);
  learner!.step(5e-4);
  const ms = performance.now() - start;
  return {
    ms,
    loss,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    reserved: model!.backend.memory().reservedBytes,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error: Error) => ({ error: String(error.stack) }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
