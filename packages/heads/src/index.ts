export {
  ConvBertWithHead,
  type EvaluationLossOptions,
  type HeadContext,
  type LossOptions,
  type PaddedContext,
  type TrainingLossOptions,
} from "./head.js";
export {
  ConvBertForMaskedLM,
  type MaskedLMBatch,
  type MaskedLMInputs,
  type MaskedLMOutput,
} from "./masked-lm.js";
export {
  ConvBertForMultipleChoice,
  type MultipleChoiceBatch,
  type MultipleChoiceInputs,
  type MultipleChoiceOutput,
} from "./multiple-choice.js";
export {
  ConvBertForQuestionAnswering,
  type QuestionAnsweringBatch,
  type QuestionAnsweringInputs,
  type QuestionAnsweringOutput,
  type RaggedSpanLogits,
} from "./question-answering.js";
export type { Ragged, RaggedLogits } from "./ragged.js";
export { type AnyConvBert, isModelName, loadModel, MODEL_CLASSES, type ModelName, modelNameOf } from "./registry.js";
export type { DenseActivation, SentenceDense } from "./sentence-dense.js";
export {
  type SentenceBatch,
  SentenceEncoder,
  type SentenceEncoderOptions,
  type SentenceInputs,
} from "./sentence-encoder.js";
export type { PairsLoss, RegressionLoss, ScoresLoss, SentenceLoss, TripletsLoss } from "./sentence-losses.js";
export { readSentenceModules, type SentenceModules } from "./sentence-modules.js";
export { SENTENCE_POOLINGS, type SentencePooling } from "./sentence-pooling.js";
export {
  ConvBertForSequenceClassification,
  type SequenceClassificationBatch,
  type SequenceClassificationInputs,
  type SequenceClassificationOutput,
} from "./sequence-classification.js";
export {
  ConvBertForTokenClassification,
  type TokenClassificationBatch,
  type TokenClassificationInputs,
  type TokenClassificationOutput,
} from "./token-classification.js";
export { type FieldComparison, type VerifyOptions, verifyCases } from "./verify.js";
