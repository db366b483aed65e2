import { type ModelName, modelNameOf } from "@convbert/heads";
import { readConfig } from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { expose } from "comlink";
import { attempt } from "../outcome.js";
import type { Measured, Outcome, RuntimeName, RuntimeSetting, TaskInput, TaskName } from "../protocol.js";
import { adopt, openModel, type SharedModel } from "../sources.js";
import type { Prepare } from "./runtime.js";

const LEAST_RUNS = 5;
const MOST_RUNS = 40;
/** Milliseconds after which no further run begins. */
const ENOUGH = 400;

/** Each runtime is loaded when it is asked for. */
const RUNTIMES: Readonly<Record<RuntimeName, () => Promise<Prepare>>> = {
  core: async () => (await import("./core.js")).prepareCore,
  onnx: async () => (await import("./onnx.js")).prepareOnnx,
  tfjs: async () => (await import("./tfjs.js")).prepareTfjs,
};

const MODELS: Readonly<Record<TaskName, ModelName>> = {
  "text-classification": "ConvBertForSequenceClassification",
  "zero-shot-classification": "ConvBertForSequenceClassification",
  "token-classification": "ConvBertForTokenClassification",
  "question-answering": "ConvBertForQuestionAnswering",
  "fill-mask": "ConvBertForMaskedLM",
  "multiple-choice": "ConvBertForMultipleChoice",
  "feature-extraction": "ConvBertModel",
};

/** What the worker of one measurement does; see measure.ts. */
export interface Bench {
  run(task: TaskName, model: SharedModel, input: TaskInput, setting: RuntimeSetting): Promise<Outcome<Measured>>;
}

/** The text that is run: the first one of the form. */
function textOf(input: TaskInput): string {
  return [input["text"], input["context"], input["prompt"], input["query"]].find((text) => text?.trim()) ?? "";
}

/** Runs a model over a text's tokens, several times; the lowest time counts. */
async function run(task: TaskName, shared: SharedModel, input: TaskInput, setting: RuntimeSetting): Promise<Measured> {
  const started = performance.now();
  const prepare = await RUNTIMES[setting.runtime]();
  const files = await openModel(adopt(shared));
  try {
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
    const { max_position_embeddings: positions, architectures } = await readConfig(files);
    const length = Math.min(tokenizer.modelMaxLength, positions);
    const ids = tokenizer.encode(textOf(input), { truncation: true, max_length: length });
    const inputIds = task === "multiple-choice" ? [[ids]] : [ids];
    // An encoder does some tasks without a head.
    const own = modelNameOf(architectures);
    using ready = await prepare(files, own === "ConvBertModel" ? own : MODELS[task], setting);
    const loadMilliseconds = performance.now() - started;
    return { ...setting, backend: ready.backend, loadMilliseconds, ...(await timed(() => ready.run(inputIds))) };
  } finally {
    await files.close();
  }
}

async function timed(once: () => Promise<Float32Array>) {
  const begun = performance.now();
  let milliseconds = Number.POSITIVE_INFINITY;
  let output = new Float32Array();
  let runs = 0;
  while (runs < LEAST_RUNS || (performance.now() - begun < ENOUGH && runs < MOST_RUNS)) {
    const before = performance.now();
    output = Float32Array.from(await once());
    milliseconds = Math.min(milliseconds, performance.now() - before);
    runs++;
  }
  return { milliseconds, runs, output };
}

const bench: Bench = { run: (...request) => attempt(() => run(...request)) };
expose(bench);
