import type { Pipeline } from "@convbert/pipelines";
import { job } from "../jobs.js";
import { pipelineFor } from "../models.js";
import type { Answered, LoadProgress, ModelRef, TaskInput, TaskName } from "../protocol.js";
import { runFeatureExtraction } from "./feature-extraction.js";
import { runFillMask } from "./fill-mask.js";
import { runMultipleChoice } from "./multiple-choice.js";
import { runQuestionAnswering } from "./question-answering.js";
import type { Run } from "./task.js";
import { runTextClassification } from "./text-classification.js";
import { runTokenClassification } from "./token-classification.js";
import { runZeroShot } from "./zero-shot-classification.js";

const RUNS: { readonly [Task in TaskName]: Run<Task> | Run<Task, "sentence-similarity"> } = {
  "text-classification": runTextClassification,
  "token-classification": runTokenClassification,
  "question-answering": runQuestionAnswering,
  "fill-mask": runFillMask,
  "multiple-choice": runMultipleChoice,
  "feature-extraction": runFeatureExtraction,
  "zero-shot-classification": runZeroShot,
};

/** Loads the model where it is not there yet, and answers. A newer request ends an older one. */
export async function answer(
  task: TaskName,
  model: ModelRef,
  input: TaskInput,
  onLoad: (progress: LoadProgress) => void,
): Promise<Answered> {
  const { pipeline, running } = await pipelineFor(task, model, onLoad);
  return job("answer", async (signal) => {
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    const run = RUNS[task] as Run<TaskName>;
    const started = performance.now();
    const result = await run(pipeline as Pipeline as never, input, { signal, onWarning });
    return { task, answer: result, milliseconds: performance.now() - started, running, warnings };
  });
}
