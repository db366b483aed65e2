export { ConvBertWithHead, type HeadContext, type LossOptions, type TrainingLossOptions } from "./head.js";
export {
  ConvBertForMaskedLM,
  type MaskedLMInputs,
  type MaskedLMOutput,
  type RaggedMaskedLMInputs,
} from "./masked-lm.js";
export { ConvBertForMultipleChoice, type MultipleChoiceInputs, type MultipleChoiceOutput } from "./multiple-choice.js";
export {
  ConvBertForQuestionAnswering,
  type QuestionAnsweringInputs,
  type QuestionAnsweringOutput,
  type RaggedSpanLogits,
} from "./question-answering.js";
export type { RaggedLogits } from "./ragged.js";
export { type AnyConvBert, isModelName, loadModel, MODEL_CLASSES, type ModelName, modelNameOf } from "./registry.js";
export type { DenseActivation, SentenceDense } from "./sentence-dense.js";
export {
  SENTENCE_POOLINGS,
  SentenceEncoder,
  type SentenceEncoderOptions,
  type SentenceInputs,
  type SentencePooling,
} from "./sentence-encoder.js";
export type { PairsLoss, RegressionLoss, ScoresLoss, SentenceLoss, TripletsLoss } from "./sentence-losses.js";
export { readSentenceModules, type SentenceModules } from "./sentence-modules.js";
export {
  ConvBertForSequenceClassification,
  type SequenceClassificationInputs,
  type SequenceClassificationOutput,
} from "./sequence-classification.js";
export {
  ConvBertForTokenClassification,
  type TokenClassificationInputs,
  type TokenClassificationOutput,
} from "./token-classification.js";
export { type FieldComparison, type VerifyOptions, verifyCases } from "./verify.js";
