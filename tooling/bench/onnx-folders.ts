/**
 * transformers.js runs the folders that `convbert convert --to onnx` writes, unchanged: every shipped model of a task that
 * it has, in float32 and 8 bits, with the answers of our own pipelines. Needs a build and setup.mjs.
 * Usage: node tooling/bench/onnx-folders.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { importPeer } from "./contenders/peers.ts";

type Call = (...args: unknown[]) => Promise<unknown>;
interface TransformersJs {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(task: string, model: string, options: object): Promise<Call>;
}
interface Convbert {
  pipeline(task: string, model: string, options: object): Promise<Call & { dispose(): void }>;
}

/** What is asked in both, and what is compared of an answer. */
interface Case {
  readonly model: string;
  readonly task: string;
  readonly ours: readonly unknown[];
  readonly theirs: readonly unknown[];
  readonly facts: (answer: unknown) => readonly (string | number)[];
}

const best = (answer: unknown) => {
  const [first] = [answer].flat(2) as { label: string; score: number }[];
  return [first!.label, first!.score];
};
const text = (value: string) => ({ ours: [value], theirs: [value] });
const cases: readonly Case[] = [
  {
    model: "question-classification",
    task: "text-classification",
    ...text("Who wrote the opera Carmen?"),
    facts: best,
  },
  { model: "sentiment", task: "text-classification", ...text("a fine film"), facts: best },
  {
    model: "entities",
    task: "token-classification",
    ours: ["Ada Lovelace met Charles Babbage in London.", { aggregation_strategy: "none" }],
    theirs: ["Ada Lovelace met Charles Babbage in London."],
    facts: (answer) =>
      (answer as { word: string; entity: string; score: number }[]).flatMap((e) => [e.word, e.entity, e.score]),
  },
];

const root = fileURLToPath(new URL("../../packages/convbert/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "convbert-folders-"));
let differences = 0;
try {
  const { module: hub, version } = await importPeer<TransformersJs>("@huggingface/transformers");
  const { pipeline } = (await import(
    new URL("../../packages/convbert/dist/index.js", import.meta.url).href
  )) as Convbert;
  hub.env.allowRemoteModels = false;
  hub.env.localModelPath = folder;
  console.log(`@huggingface/transformers ${version}`);
  for (const { model, task, ours, theirs, facts } of cases) {
    for (const [dtype, name, tolerance] of [
      ["float32", "fp32", 1e-3],
      ["int8", "q8", 0.1],
    ] as const) {
      const source = join(root, "../models", model);
      const made = `${model}-${name}`;
      const args = ["convert", source, join(folder, made), "--to", "onnx", "--dtype", dtype];
      execFileSync(process.execPath, [join(root, "dist/cli.js"), ...args], { stdio: ["ignore", "ignore", "inherit"] });
      const own = await pipeline(task, source, { dtype: "float32", threads: 1 });
      const expected = facts(await own(...ours));
      own.dispose();
      const run = await hub.pipeline(task, made, { dtype: name, device: "cpu" });
      const actual = facts(await run(...theirs));
      const isSame =
        actual.length === expected.length &&
        expected.every((value, i) =>
          typeof value === "number" ? Math.abs(value - Number(actual[i])) <= tolerance : value === actual[i],
        );
      if (!isSame) differences++;
      console.log(
        `${model}, ${task}, ${name}: ${isSame ? "same" : `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(differences === 0 ? 0 : 1);
