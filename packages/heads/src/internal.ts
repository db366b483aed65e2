// For the packages of this repository alone: not for users, and it changes without notice.

export { choicesAsSequences, countChoices } from "./choices.js";
export { checkPositions, maskedLMLoss } from "./masked-lm.js";
export { multipleChoiceLoss } from "./multiple-choice.js";
export { spanLoss } from "./question-answering.js";
export { applyDense } from "./sentence-dense.js";
export { sentenceModuleFiles } from "./sentence-modules.js";
export { sequenceClassificationLoss } from "./sequence-classification.js";
export { tokenClassificationLoss } from "./token-classification.js";
