export type { Progress } from "@convbert/files";
export type {
  Inputs,
  PipelineBase,
  PipelineModel,
  PipelineParts,
  PipelineTokenizer,
  Results,
  TextOptions,
} from "./engine.js";
export { PipelineError, type PipelineErrorCode } from "./errors.js";
export {
  createFeatureExtraction,
  type FeatureExtractionOptions,
  type FeatureExtractionPipeline,
} from "./feature-extraction.js";
export {
  createFillMask,
  type FilledMask,
  type FilledText,
  type FillMaskOptions,
  type FillMaskPipeline,
} from "./fill-mask.js";
export {
  type ChoiceInput,
  type ChosenAnswer,
  createMultipleChoice,
  type MultipleChoiceOptions,
  type MultipleChoicePipeline,
} from "./multiple-choice.js";
export {
  PIPELINE_ALIASES,
  PIPELINE_TASKS,
  type Pipeline,
  type PipelineAlias,
  type PipelineCallOptions,
  type PipelineOptions,
  type PipelineRuntime,
  type Pipelines,
  type PipelineTask,
  type PipelineTokenizerOptions,
  pipeline,
  type TaskOf,
} from "./pipeline.js";
export {
  type Answer,
  createQuestionAnswering,
  type QuestionAnsweringOptions,
  type QuestionAnsweringPipeline,
  type QuestionInput,
} from "./question-answering.js";
export type { PipelineRunOptions, RunProgress } from "./schedule.js";
export {
  createSentenceSimilarity,
  type SentenceScore,
  type SentenceSimilarityOptions,
  type SentenceSimilarityPipeline,
  type SimilarityInput,
} from "./sentence-similarity.js";
export {
  type ClassificationInput,
  type ClassificationWords,
  createTextClassification,
  type LabelScore,
  type ScoreFunction,
  type TextClassificationOptions,
  type TextClassificationPipeline,
  type TextPair,
} from "./text-classification.js";
export {
  createTokenClassification,
  type TokenClassificationOptions,
  type TokenClassificationPipeline,
} from "./token-classification.js";
export type { AggregationStrategy, EntityGroup, TokenEntity } from "./token-groups.js";
export {
  createZeroShotClassification,
  type ZeroShotClassificationOptions,
  type ZeroShotClassificationPipeline,
  type ZeroShotResult,
} from "./zero-shot-classification.js";
