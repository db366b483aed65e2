import type { Pipelines, TextClassificationOptions } from "@convbert/pipelines";
import type { Answers, TaskInput, TaskName } from "../protocol.js";

/** Options of every pipeline's calls. */
type RunOptions = Pick<TextClassificationOptions, "signal" | "onWarning">;

/** How a task's form becomes a call of its pipeline. */
export type Run<Task extends TaskName> = (
  pipeline: Pipelines[Task],
  input: TaskInput,
  options: RunOptions,
) => Promise<Answers[Task]>;

/** A field that may be absent. */
export function field(input: TaskInput, name: string): string {
  return input[name] ?? "";
}

/** The lines of a field that say something. */
export function lines(input: TaskInput, name: string): string[] {
  return field(input, name)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
