import type { FloatArray } from "@convbert/model";
import { type Pipeline, pipeline } from "@convbert/pipelines";
import { job } from "./jobs.js";
import type { Measured, ModelRef, RuntimeSetting, TaskInput, TaskName } from "./protocol.js";
import { openModel } from "./sources.js";

const LEAST_RUNS = 5;
const MOST_RUNS = 40;
/** Milliseconds after which no further run begins. */
const ENOUGH = 400;

/** The text that is run: the first one of the form. */
function textOf(input: TaskInput): string {
  return [input["text"], input["context"], input["prompt"], input["query"]].find((text) => text?.trim()) ?? "";
}

/** Runs a model's encoder and head over a text's tokens in one setting, several times; the lowest time counts. */
export function measure(
  task: TaskName,
  model: ModelRef,
  input: TaskInput,
  { dtype, threads }: RuntimeSetting,
): Promise<Measured> {
  return job("measure", async (signal) => {
    const started = performance.now();
    const files = await openModel(model, { signal });
    let made: Pipeline;
    try {
      made = await pipeline(task, files, { dtype, threads, signal, onWarning: () => undefined });
    } finally {
      await files.close();
    }
    try {
      const loadMilliseconds = performance.now() - started;
      const ids = made.tokenizer(textOf(input), { truncation: true, max_length: longest(made) }).input_ids as number[];
      const run = made.model as unknown as { forward(inputs: object): Promise<Record<string, FloatArray>> };
      const inputs = { input_ids: task === "multiple-choice" ? [[ids]] : [ids] };
      let milliseconds = Number.POSITIVE_INFINITY;
      let runs = 0;
      let output: Record<string, FloatArray> = {};
      const begun = performance.now();
      while (runs < LEAST_RUNS || (performance.now() - begun < ENOUGH && runs < MOST_RUNS)) {
        signal.throwIfAborted();
        const before = performance.now();
        output = await run.forward(inputs);
        milliseconds = Math.min(milliseconds, performance.now() - before);
        runs++;
      }
      const first = Object.values(output).find((value) => typeof value === "object" && "data" in value)!;
      const { description } = made.model.backend;
      return {
        dtype,
        threads,
        backend: description,
        loadMilliseconds,
        milliseconds,
        runs,
        output: Float32Array.from(first.data),
      };
    } finally {
      made.dispose();
    }
  });
}

function longest({ model, tokenizer }: Pipeline): number {
  return Math.min(tokenizer.modelMaxLength, model.config.max_position_embeddings);
}
