import type { TaskName } from "../worker/protocol.js";
import { featureExtraction } from "./feature-extraction.js";
import { fillMask } from "./fill-mask.js";
import { multipleChoice } from "./multiple-choice.js";
import { questionAnswering } from "./question-answering.js";
import type { TaskView } from "./task.js";
import { textClassification } from "./text-classification.js";
import { tokenClassification } from "./token-classification.js";
import { zeroShotClassification } from "./zero-shot-classification.js";

/** Every task, in the order of the screen: those that the page has models for come first. */
export const TASKS: { readonly [Task in TaskName]: TaskView<Task> } = {
  "text-classification": textClassification,
  "token-classification": tokenClassification,
  "feature-extraction": featureExtraction,
  "zero-shot-classification": zeroShotClassification,
  "fill-mask": fillMask,
  "question-answering": questionAnswering,
  "multiple-choice": multipleChoice,
};

export const TASK_NAMES = Object.keys(TASKS) as readonly TaskName[];
export const FIRST_TASK: TaskName = "text-classification";

export function isTask(name: string): name is TaskName {
  return Object.hasOwn(TASKS, name);
}
