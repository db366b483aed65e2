import { readdir } from "node:fs/promises";
import { writeFiles } from "@convbert/files";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { TrainSummary } from "@convbert/trainer";
import type { TrainFlags, TrainTask } from "./train-flags.js";
import type { RunOptions, TaskRun } from "./train-tasks.js";

/** What a run has come to. */
export interface RunResult {
  readonly task: TrainTask;
  readonly flags: TrainFlags;
  readonly recipe: RunOptions;
  readonly run: TaskRun;
  readonly tokenizer: ConvBertTokenizerFast;
  readonly summary: TrainSummary;
  readonly test: Readonly<Record<string, number>> | null;
  /** Name of the log in the output folder. */
  readonly logFile: string;
}

/** Whether a folder has a run that can go on, a model, or neither. */
export async function outputState(output: string, checkpoints: string): Promise<"empty" | "running" | "finished"> {
  const names: string[] = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (names.includes(checkpoints)) return "running";
  return names.includes("model.safetensors") ? "finished" : "empty";
}

/** Writes model, tokenizer, scores, card and report. */
export async function saveResult(result: RunResult): Promise<void> {
  const { flags, run, tokenizer, summary, test } = result;
  const { output, saveDtype = "float32" } = flags;
  await run.model.savePretrained(output, { dtype: saveDtype });
  await tokenizer.savePretrained(output);
  const metrics = {
    ...(summary.best && {
      evaluation: summary.best.metrics,
      best: { step: summary.best.step, epoch: summary.best.epoch },
    }),
    ...(test && { test }),
    steps: summary.steps,
    tokens: summary.tokens,
    seconds: Math.round(summary.seconds),
  };
  await writeFiles(output, { "metrics.json": `${JSON.stringify(metrics, null, 2)}\n` });
}
