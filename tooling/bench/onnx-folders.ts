/**
 * transformers.js runs the folders that `convbert convert --to onnx` writes, unchanged, for every task that both have: the
 * packed command, installed as a user installs it, exports the shipped models, and for tasks that none is shipped for the
 * sentence encoder with a new head, in float32 and 8 bits; answers have to be those of our own pipelines. Needs a build and
 * setup.mjs. Usage: node tooling/bench/onnx-folders.ts
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages, packPackages, run } from "../packages/install.ts";
import { importPeer } from "./contenders/peers.ts";

type Call = (...args: unknown[]) => Promise<unknown>;
interface TransformersJs {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(task: string, model: string, options: object): Promise<Call>;
}
interface Convbert {
  pipeline(task: string, model: string, options: object): Promise<Call & { dispose(): void }>;
  readonly ConvBertForMaskedLM: ModelClass;
  readonly ConvBertForQuestionAnswering: ModelClass;
  readonly ConvBertForSequenceClassification: ModelClass;
}
interface ModelClass {
  fromPretrained(
    source: string,
    options: object,
  ): Promise<{ savePretrained(folder: string): Promise<void>; dispose(): void }>;
}

/** Names of the model classes in {@link Convbert}. */
type Head = Exclude<keyof Convbert, "pipeline">;

/** What is asked in both, and what is compared of an answer. */
interface Case {
  readonly model: string;
  /** A head to put on the model; what it answers is arbitrary, so that 8 bits may choose otherwise: there only numbers count. */
  readonly head?: Head;
  readonly config?: object;
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
  {
    model: "sentence-encoder",
    task: "feature-extraction",
    ours: ["The opera was written in Paris.", { pooling: "mean" }],
    // The folder's own modules say that vectors have length 1; transformers.js is told.
    theirs: ["The opera was written in Paris.", { pooling: "mean", normalize: true }],
    facts: (answer) => Array.from((answer as { data: Float32Array }).data),
  },
  {
    model: "sentence-encoder",
    head: "ConvBertForMaskedLM",
    task: "fill-mask",
    ...text("The man went to the [MASK]."),
    facts: (answer) => (answer as { token_str: string; score: number }[]).flatMap((e) => [e.token_str, e.score]),
  },
  {
    model: "sentence-encoder",
    head: "ConvBertForQuestionAnswering",
    task: "question-answering",
    ours: [{ question: "Who wrote it?", context: "Georges Bizet wrote the opera." }],
    theirs: ["Who wrote it?", "Georges Bizet wrote the opera."],
    // transformers.js gives the tokens back, which are in lower case, and a score among all tokens, not those of the context.
    facts: (answer) => [(answer as { answer: string }).answer.toLowerCase()],
  },
  {
    model: "sentence-encoder",
    head: "ConvBertForSequenceClassification",
    config: { id2label: { 0: "contradiction", 1: "neutral", 2: "entailment" } },
    task: "zero-shot-classification",
    ours: ["The opera was written in Paris.", ["music", "sports", "food"]],
    theirs: ["The opera was written in Paris.", ["music", "sports", "food"]],
    facts: (answer) => {
      const { labels, scores } = answer as { labels: string[]; scores: number[] };
      return [...labels, ...scores];
    },
  },
];

const TOKENIZER = ["vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

const models = fileURLToPath(new URL("../../packages/models/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "convbert-folders-"));
let differences = 0;
try {
  const { module: hub, version } = await importPeer<TransformersJs>("@huggingface/transformers");
  hub.env.allowRemoteModels = false;
  hub.env.localModelPath = folder;
  installPackages(folder, packPackages(folder));
  const installed = join(folder, "node_modules/convbert/dist");
  const convbert = (await import(join(installed, "index.js"))) as Convbert;
  console.log(`@huggingface/transformers ${version}`);
  for (const { model, head, config = {}, task, ours, theirs, facts } of cases) {
    const source = head === undefined ? join(models, model) : join(folder, head);
    if (head !== undefined) {
      const options = { allowNewHead: true, seed: 1, onWarning: () => {}, config };
      const made = await convbert[head].fromPretrained(join(models, model), options);
      await made.savePretrained(source);
      made.dispose();
      for (const name of TOKENIZER) {
        if (existsSync(join(models, model, name))) copyFileSync(join(models, model, name), join(source, name));
      }
    }
    const own = await convbert.pipeline(task, source, { dtype: "float32", threads: 1 });
    const expected = facts(await own(...ours));
    own.dispose();
    for (const [dtype, name, tolerance] of [
      ["float32", "fp32", 1e-3],
      ["int8", "q8", 0.1],
    ] as const) {
      const made = `${head ?? model}-${name}`;
      const command = [
        join(installed, "cli.js"),
        "convert",
        source,
        join(folder, made),
        "--to",
        "onnx",
        "--dtype",
        dtype,
      ];
      run(process.execPath, command, folder);
      const ask = await hub.pipeline(task, made, { dtype: name, device: "cpu" });
      const actual = facts(await ask(...theirs));
      const isOnlyNear = head !== undefined && name === "q8";
      const isSame =
        actual.length === expected.length &&
        expected.every((value, i) =>
          typeof value === "number"
            ? Math.abs(value - Number(actual[i])) <= tolerance
            : isOnlyNear || value === actual[i],
        );
      if (!isSame) differences++;
      console.log(
        `${head ?? model}, ${task}, ${name}: ${isSame ? "same" : `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(differences === 0 ? 0 : 1);
