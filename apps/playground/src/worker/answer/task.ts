import type { Pipelines, TextClassificationOptions } from "@convbert/pipelines";
import { linesOf } from "../../lines.js";
import type { Answers, TaskInput, TaskName } from "../protocol.js";

/** Options of every pipeline's calls. */
type RunOptions = Pick<TextClassificationOptions, "signal" | "onWarning">;

/** How a task's form becomes a call of its pipeline; some tasks have two. */
export type Run<Task extends TaskName, Other extends keyof Pipelines = Task> = (
  pipeline: Pipelines[Task | Other],
  input: TaskInput,
  options: RunOptions,
) => Promise<Answers[Task]>;

/** A field that may be absent. */
export function field(input: TaskInput, name: string): string {
  return input[name] ?? "";
}

/** The lines of a field that say something. */
export function lines(input: TaskInput, name: string): string[] {
  return linesOf(input[name]);
}
