/**
 * `@convbert/tfjs` against a plain port to TensorFlow.js, operation by operation, both on its WebAssembly backend, and
 * against our own core: base 1x128 forward, and a step of training of small 8x32. In CPU time, which other programs on the
 * machine disturb less. Needs a build. Usage: node tooling/bench/tfjs/compare.ts [ROUNDS]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type * as TfjsCore from "../../../packages/tfjs/node_modules/@tensorflow/tfjs-core";
import { type Tfjs, TfjsConvBert } from "../contenders/tfjs-graph.ts";
import { plainStep } from "./plain-training.ts";

const packages = new URL("../../../packages/", import.meta.url);
// The runtime that the built package finds.
const require = createRequire(new URL("tfjs/package.json", packages));
const tf = require("@tensorflow/tfjs-core") as typeof TfjsCore;
require("@tensorflow/tfjs-backend-wasm");
const ours = await import(new URL("tfjs/dist/index.js", packages).href);
const heads = await import(new URL("heads/dist/index.js", packages).href);
const { ConvBertModel } = await import(new URL("model/dist/index.js", packages).href);
const { Learner } = await import(new URL("trainer/dist/index.js", packages).href);

const rounds = Number(process.argv[2] ?? 10);
const folder = mkdtempSync(join(tmpdir(), "convbert-tfjs-bench-"));

/** Lowest and median CPU milliseconds of each, in turns. */
async function measure(title: string, contenders: Record<string, () => unknown>): Promise<void> {
  const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const start = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) times.get(name)!.push((user + system) / 1000);
    }
  }
  const lowest = [...times].map(([name, all]) => [name, Math.min(...all)] as const);
  const first = lowest[0]![1];
  console.log(title);
  for (const [name, time] of lowest) {
    const middle = times.get(name)!.toSorted((a, b) => a - b)[rounds >> 1]!;
    console.log(
      `  ${name}: ${time.toFixed(1)} ms (median ${middle.toFixed(1)}); ours on tfjs takes ${(first / time).toFixed(2)} of it`,
    );
  }
}

function ids(batch: number, length: number): Int32Array {
  return Int32Array.from({ length: batch * length }, (_, index) => 1000 + ((index * 7919) % 28_000));
}

async function forward(): Promise<void> {
  const path = join(folder, "base");
  const made = ours.TFConvBertModel.fromConfig({}, { seed: 1 });
  await made.savePretrained(path, { format: "safetensors" });
  const plain = new TfjsConvBert(tf as unknown as Tfjs, path);
  const core = await ConvBertModel.fromPretrained(path, { threads: 1 });
  const words = tf.tensor(ids(1, 128), [1, 128], "int32");
  const segments = tf.zeros([1, 128], "int32");
  const read = (output: TfjsCore.Tensor) => {
    const data = output.dataSync();
    output.dispose();
    return data;
  };
  await measure("base 1x128, forward", {
    "ours on tfjs": () => read(made.forward(words).last_hidden_state),
    "plain port on tfjs": () => read(plain.forward(words as never, segments as never) as unknown as TfjsCore.Tensor),
    "our core": () => core.forward({ input_ids: { data: ids(1, 128), shape: [1, 128] } }),
  });
  made.dispose();
  core.dispose();
}

async function training(): Promise<void> {
  const path = join(folder, "small");
  const dropout = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const sizes = { hidden_size: 256, embedding_size: 128, num_attention_heads: 4, intermediate_size: 1024 };
  const model = ours.TFConvBertForSequenceClassification.fromConfig({ ...sizes, ...dropout }, { seed: 1 });
  await model.savePretrained(path, { format: "safetensors" });
  const base = await ours.TFConvBertModel.fromPretrained(path, { onWarning: () => {} });
  await base.savePretrained(join(folder, "small-base"), { format: "safetensors" });
  base.dispose();
  model.compile({ optimizer: tf.train.adam(5e-4) });
  const labels = [0, 1, 1, 0, 1, 0, 0, 1];
  const words = tf.tensor(ids(8, 32), [8, 32], "int32");
  const plain = plainStep(tf, join(folder, "small-base"), labels);
  const learner = new Learner(await heads.ConvBertForSequenceClassification.fromPretrained(path, { threads: 1 }), {});
  const batch = { input_ids: { data: ids(8, 32), shape: [8, 32] }, labels };
  await measure("small 8x32, a step of training", {
    "ours on tfjs": () => model.trainOnBatch({ input_ids: words, labels }),
    "plain port on tfjs": () => plain(words),
    "our core": async () => {
      await learner.accumulate(batch);
      learner.step(5e-4);
    },
  });
}

try {
  await tf.setBackend("wasm");
  await tf.ready();
  console.log(`${cpus()[0]?.model}, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)}, ${rounds} rounds`);
  await forward();
  await training();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(); // the core's threads must not keep it alive
