export { TrainerCheckpointError, type TrainerCheckpointErrorCode } from "./checkpoint/error.js";
export { folderCheckpoints } from "./checkpoint/folder-storage.js";
export type { BestEvaluation, TrainerState } from "./checkpoint/state.js";
export { type CheckpointStorage, directoryCheckpoints, memoryCheckpoints } from "./checkpoint/storage.js";
export { AnswerCollector, type AnswerOptions, type PredictedAnswer } from "./collate/answers.js";
export type { Batch, BatchInputs, Collator, CollatorOptions, FloatLabels, IntegerArray } from "./collate/batch.js";
export {
  type FillMaskBatchInputs,
  fillMaskCollator,
  type PackTokensOptions,
  packTokens,
  type TokenBlock,
} from "./collate/fill-mask.js";
export { collectLabels, LabelSet, type LabelSetOptions } from "./collate/labels.js";
export { type Masker, type MaskingOptions, masker } from "./collate/masking.js";
export { type MultipleChoiceBatchInputs, multipleChoiceCollator } from "./collate/multiple-choice.js";
export {
  type QuestionAnsweringBatchInputs,
  type QuestionAnsweringCollator,
  type QuestionAnsweringCollatorOptions,
  type QuestionBatch,
  type QuestionWindow,
  questionAnsweringCollator,
} from "./collate/question-answering.js";
export { type SentenceBatchInputs, sentenceCollator } from "./collate/sentences.js";
export {
  type TextClassificationBatchInputs,
  type TextClassificationCollatorOptions,
  textClassificationCollator,
} from "./collate/text-classification.js";
export {
  type TokenBatch,
  type TokenClassificationBatchInputs,
  type TokenClassificationCollatorOptions,
  tokenClassificationCollator,
} from "./collate/token-classification.js";
export { type ConllOptions, conll } from "./data/conll.js";
export { type ConlluOptions, conllu } from "./data/conllu.js";
export {
  concatDatasets,
  type Dataset,
  type EpochOptions,
  epochExamples,
  type IndexedDataset,
  inBatches,
  memoryDataset,
  sliceDataset,
} from "./data/dataset.js";
export { csv, tsv } from "./data/delimited.js";
export type { DelimitedOptions } from "./data/delimited-options.js";
export type { TextEncoding } from "./data/encoding.js";
export { DataError, type DataErrorCode, type DataLocation } from "./data/error.js";
export type {
  AnswerText,
  ChoiceExample,
  PlainExample,
  QuestionExample,
  SentenceExample,
  TextExample,
  TokenExample,
} from "./data/examples.js";
export { classNamesOf } from "./data/features.js";
export { type ChoiceFieldOptions, choiceFields } from "./data/fields/choices.js";
export type { FieldMapping, Row } from "./data/fields/mapping.js";
export { plainFields } from "./data/fields/plain.js";
export { type QuestionFieldOptions, questionFields } from "./data/fields/questions.js";
export { type SentenceFieldOptions, sentenceFields } from "./data/fields/sentences.js";
export { type TextFieldOptions, textFields } from "./data/fields/text.js";
export { type TokenFieldOptions, tokenFields } from "./data/fields/tokens.js";
export {
  type DataFormat,
  type DocumentFormat,
  type ReadExamplesOptions,
  type RecordFormat,
  type RecordReader,
  readExamples,
  type TextRecord,
} from "./data/format.js";
export { type JsonLinesOptions, jsonLines } from "./data/json-lines.js";
export { jsonList } from "./data/json-list.js";
export type { TextLine } from "./data/lines.js";
export { type OpenDatasetOptions, openDataset } from "./data/open-dataset.js";
export {
  type LabelledLineOptions,
  labelledLines,
  type PlainTextOptions,
  plainText,
  sentenceTexts,
  trec,
} from "./data/plain-text.js";
export type { RandomSource } from "./data/random.js";
export type { ByteSource, DataSource, NamedData } from "./data/source.js";
export { type SquadOptions, squad } from "./data/squad.js";
export { IGNORED_TAG } from "./data/tags.js";
export { type TokenRowOptions, tokenRows } from "./data/token-rows.js";
export { openVectors, type VectorTable, withVectors } from "./data/vectors.js";
export type { EvaluationOptions } from "./evaluate/batches.js";
export { evaluateFillMask } from "./evaluate/fill-mask.js";
export { evaluateMultipleChoice } from "./evaluate/multiple-choice.js";
export type { Forward } from "./evaluate/outputs.js";
export { evaluateQuestionAnswering, type QuestionEvaluationOptions } from "./evaluate/question-answering.js";
export { evaluateSentencePairs } from "./evaluate/sentence-pairs.js";
export { evaluateSentenceRetrieval } from "./evaluate/sentence-retrieval.js";
export type { MeasuredEncoder, SentenceEvaluationOptions } from "./evaluate/sentence-vectors.js";
export { evaluateTextClassification, type TextEvaluationOptions } from "./evaluate/text-classification.js";
export { evaluateTokenClassification, type TokenEvaluationOptions } from "./evaluate/token-classification.js";
export type { CallbackContext, TrainerCallback, TrainerControl } from "./loop/callbacks.js";
export { DivergedError } from "./loop/error.js";
export type {
  CheckpointEvent,
  EndEvent,
  EvaluatingEvent,
  EvaluationEvent,
  StartEvent,
  StepEvent,
  TrainerEvent,
} from "./loop/events.js";
export type { Collate, Evaluate, Interval, TrainerOptions, TrainingBatch } from "./loop/options.js";
export { type PredictedArray, type Predictions, type PredictOptions, predict } from "./loop/predict.js";
export type { TrainSummary } from "./loop/summary.js";
export { Trainer } from "./loop/trainer.js";
export {
  ClassificationMetric,
  type ClassificationScores,
  MultiLabelMetric,
  type MultiLabelScores,
} from "./metrics/classification.js";
export { EntityMetric, type EntityScores, entitySpans, type TagSpan, wordSpans } from "./metrics/entities.js";
export {
  type AveragedScores,
  type LabelScores,
  type Metric,
  MetricError,
  type PrecisionRecall,
} from "./metrics/metric.js";
export { PerplexityMetric, RegressionMetric, type RegressionScores } from "./metrics/regression.js";
export { detectScheme, ENTITY_SCHEMES, type EntityScheme, schemeSpans } from "./metrics/schemes.js";
export { normalizeAnswer, Squad2Metric, type Squad2Scores, SquadMetric, type SquadScores } from "./metrics/squad.js";
export { Adafactor, type AdafactorOptions } from "./optimize/adafactor.js";
export { type GroupOptions, type TrainedParameter, trainedParameters } from "./optimize/groups.js";
export { Learner, type LearnerOptions, type TrainableModel } from "./optimize/learner.js";
export { Optimizer, type OptimizerOptions } from "./optimize/optimizer.js";
export type { OptimizerName, ParameterOptimizer, StateTensor } from "./optimize/parameter-optimizer.js";
export { TrainerOptionError } from "./option-error.js";
export { type CardScore, type ModelCard, modelCard } from "./report/card.js";
export { codeBlock, codeSpan, escapeMarkdown } from "./report/escape.js";
export { type ReportOptions, trainingReport } from "./report/html.js";
export { fileLog, MemoryLog, type RunLog } from "./report/log.js";
export type { PlateauOptions, PlateauState } from "./schedule/plateau.js";
export {
  learningRateSchedule,
  SCHEDULE_NAMES,
  type Schedule,
  type ScheduleName,
  type ScheduleOptions,
} from "./schedule/schedule.js";
export { type FineTuned, type FineTuneOptions, fineTune } from "./tasks/fine-tune.js";
export { defaultRecipe } from "./tasks/recipe.js";
export type { TaskExamples, TaskName, TaskSettings, TrainingRunOptions } from "./tasks/task.js";
