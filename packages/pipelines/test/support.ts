import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { PipelineError, type PipelineTask } from "../src/index.js";

/** A model with random weights in `test/fixtures`. */
export const folder = (name: string): string => fileURLToPath(new URL(`fixtures/${name}/`, import.meta.url));

/** The one for each task. */
export const FOLDERS: Readonly<Record<PipelineTask, string>> = {
  "text-classification": folder("multi-label"),
  "token-classification": folder("entities"),
  "question-answering": folder("question-answering"),
  "fill-mask": folder("masked"),
  "multiple-choice": folder("choices"),
  "feature-extraction": folder("base"),
  "zero-shot-classification": folder("entailment"),
  "sentence-similarity": folder("base"),
};

/** The PipelineError that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<PipelineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PipelineError);
  return error as PipelineError;
}
