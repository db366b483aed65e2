/**
 * `@convbert/tfjs` against a plain port to TensorFlow.js, operation by operation, both on its WebAssembly backend, and
 * against our own core: base 1x128 forward, and a step of training of small 8x32. Outputs and losses are compared first.
 * Beside them the time of the forward's large products alone, below which nothing on that backend comes. In CPU time,
 * which other programs on the machine disturb less. Needs a build. Usage: node tooling/bench/tfjs/compare.ts [ROUNDS] [forward | training]
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

type Run = () => ArrayLike<number> | Promise<ArrayLike<number>>;

/** Compares what contenders give with what the first gives, then measures them in turns. */
async function measure(
  title: string,
  within: number,
  contenders: Record<string, Run>,
  floors: Record<string, () => void> = {},
) {
  const [[, first], ...others] = Object.entries(contenders) as [[string, Run], ...[string, Run][]];
  const expected = await first();
  const largest = Math.max(...Array.from(expected, Math.abs));
  for (const [name, run] of others) {
    const actual = await run();
    const worst = Math.max(...Array.from(expected, (value, index) => Math.abs(actual[index]! - value)));
    if (!(actual.length === expected.length && worst <= within * largest)) {
      throw new Error(`${title}: ${name} gives something else, by ${worst / largest} of the largest value`);
    }
  }
  const times = new Map<string, number[]>();
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries({ ...contenders, ...floors })) {
      const start = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), (user + system) / 1000]);
    }
  }
  const plain = Math.min(...times.get(PLAIN)!);
  console.log(title);
  for (const [name, all] of times) {
    const lowest = Math.min(...all);
    const middle = all.toSorted((a, b) => a - b)[rounds >> 1]!;
    const share = (lowest / plain).toFixed(2);
    console.log(`  ${name}: ${lowest.toFixed(1)} ms (median ${middle.toFixed(1)}), ${share} of the plain port`);
  }
}

const PLAIN = "plain port on tfjs";

function ids(batch: number, length: number): Int32Array {
  return Int32Array.from({ length: batch * length }, (_, index) => 1000 + ((index * 7919) % 28_000));
}

/** The products with weights that a forward pass makes, as the backend makes them fastest, on weights of their own. */
function products(layers: number, tokens: number, hidden: number, inner: number): () => void {
  const shapes = [...Array(5).fill([hidden, hidden / 2]), [hidden, hidden], [hidden, inner], [inner, hidden]] as const;
  const inputs = new Map(
    [hidden, inner].map((width) => [width, tf.randomNormal([tokens, width]) as TfjsCore.Tensor2D]),
  );
  const weights = Array.from({ length: layers }, () =>
    shapes.map(([from, to]) => tf.randomNormal([from, to]) as TfjsCore.Tensor2D),
  ).flat();
  return () => {
    for (const weight of weights) tf.matMul(inputs.get(weight.shape[0])!, weight).dispose();
  };
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
  await measure(
    "base 1x128, forward",
    1e-5,
    {
      "ours on tfjs": () => read(made.forward(words).last_hidden_state),
      [PLAIN]: () => read(plain.forward(words as never, segments as never) as unknown as TfjsCore.Tensor),
      "our core": async () =>
        (await core.forward({ input_ids: { data: ids(1, 128), shape: [1, 128] } })).last_hidden_state.data,
    },
    { "the products of a fully connected layer alone": products(12, 128, 768, 3072) },
  );
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
  const plain = plainStep(tf, { encoder: join(folder, "small-base"), classifier: path }, labels);
  const learner = new Learner(await heads.ConvBertForSequenceClassification.fromPretrained(path, { threads: 1 }), {});
  const batch = { input_ids: { data: ids(8, 32), shape: [8, 32] }, labels };
  // Losses of the same step drift apart by rounding: the first ones are compared.
  await measure("small 8x32, a step of training", 1e-4, {
    "ours on tfjs": async () => [(await model.trainOnBatch({ input_ids: words, labels })) as number],
    [PLAIN]: () => [plain(words)],
    "our core": async () => {
      const loss = await learner.accumulate(batch);
      learner.step(5e-4);
      return [loss];
    },
  });
}

try {
  await tf.setBackend("wasm");
  await tf.ready();
  console.log(`${cpus()[0]?.model}, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)}, ${rounds} rounds`);
  const only = process.argv[3];
  if (only !== "training") await forward();
  if (only !== "forward") await training();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(); // the core's threads must not keep it alive
