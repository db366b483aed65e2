// For the packages of this repository alone: not for users, and it changes without notice.

export { choiceEnds, choicesAsSequences, countChoices } from "./choices.js";
export { labelsAt, tokenLabelsAt } from "./labels.js";
export { askedTokens, maskedLMLoss } from "./masked-lm.js";
export { multipleChoiceLoss } from "./multiple-choice.js";
export { spanLoss } from "./question-answering.js";
export { applyDense } from "./sentence-dense.js";
export { sentenceModuleFiles } from "./sentence-modules.js";
export { problemOf, sequenceClassificationLoss } from "./sequence-classification.js";
export { tokenClassificationLoss } from "./token-classification.js";
export { targetsAt } from "./token-targets.js";
