import { fillMask } from "./fill-mask.js";
import { multipleChoice } from "./multiple-choice.js";
import { questionAnswering } from "./question-answering.js";
import { sentenceEmbedding } from "./sentence-embedding.js";
import type { TaskDefinition, TaskName } from "./task.js";
import { textClassification } from "./text-classification.js";
import { tokenClassification } from "./token-classification.js";

/** All tasks that can be trained, by the hub's names. */
export const TASKS: { readonly [Task in TaskName]: TaskDefinition<Task> } = {
  "text-classification": textClassification,
  "token-classification": tokenClassification,
  "question-answering": questionAnswering,
  "fill-mask": fillMask,
  "multiple-choice": multipleChoice,
  "sentence-embedding": sentenceEmbedding,
};
