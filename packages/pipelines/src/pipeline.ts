import { type FileSet, type ModelSource, openFiles } from "@convbert/files";
import {
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
} from "@convbert/heads";
import { ConvBertModel, type FromPretrainedOptions } from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { PipelineParts } from "./engine.js";
import { oneOf } from "./errors.js";
import { createFeatureExtraction, type FeatureExtractionPipeline } from "./feature-extraction.js";
import { createFillMask, type FillMaskPipeline } from "./fill-mask.js";
import { createMultipleChoice, type MultipleChoicePipeline } from "./multiple-choice.js";
import { createQuestionAnswering, type QuestionAnsweringPipeline } from "./question-answering.js";
import { createTextClassification, type TextClassificationPipeline } from "./text-classification.js";
import { createTokenClassification, type TokenClassificationPipeline } from "./token-classification.js";
import { createZeroShotClassification, type ZeroShotClassificationPipeline } from "./zero-shot-classification.js";

/** The pipeline of each task. */
export interface Pipelines {
  "text-classification": TextClassificationPipeline;
  "token-classification": TokenClassificationPipeline;
  "question-answering": QuestionAnsweringPipeline;
  "fill-mask": FillMaskPipeline;
  "multiple-choice": MultipleChoicePipeline;
  "feature-extraction": FeatureExtractionPipeline;
  "zero-shot-classification": ZeroShotClassificationPipeline;
}

export type PipelineTask = keyof Pipelines;

/** The pipeline of a task. */
export type Pipeline<Task extends PipelineTask = PipelineTask> = Pipelines[Task];

type Loader<Result> = (
  files: FileSet,
  tokenizer: ConvBertTokenizerFast,
  options: FromPretrainedOptions,
) => Promise<Result>;

/** Loads a task's model and makes its pipeline. */
function loader<Model extends { dispose(): void }, Result>(
  loadModel: (files: FileSet, options: FromPretrainedOptions) => Promise<Model>,
  create: (parts: PipelineParts<Model>) => Result,
): Loader<Result> {
  return async (files, tokenizer, options) => {
    const model = await loadModel(files, options);
    try {
      return create({ model, tokenizer });
    } catch (error) {
      model.dispose();
      throw error;
    }
  };
}

const LOADERS: { readonly [Task in PipelineTask]: Loader<Pipelines[Task]> } = {
  "text-classification": loader(
    (...args) => ConvBertForSequenceClassification.fromPretrained(...args),
    createTextClassification,
  ),
  "token-classification": loader(
    (...args) => ConvBertForTokenClassification.fromPretrained(...args),
    createTokenClassification,
  ),
  "question-answering": loader(
    (...args) => ConvBertForQuestionAnswering.fromPretrained(...args),
    createQuestionAnswering,
  ),
  "fill-mask": loader((...args) => ConvBertForMaskedLM.fromPretrained(...args), createFillMask),
  "multiple-choice": loader((...args) => ConvBertForMultipleChoice.fromPretrained(...args), createMultipleChoice),
  "feature-extraction": loader((...args) => ConvBertModel.fromPretrained(...args), createFeatureExtraction),
  "zero-shot-classification": loader(
    (...args) => ConvBertForSequenceClassification.fromPretrained(...args),
    createZeroShotClassification,
  ),
};

/** The names of all tasks. */
export const PIPELINE_TASKS = Object.keys(LOADERS) as readonly PipelineTask[];

/** How a pipeline is loaded: where files come from and how the model runs (`FromPretrainedOptions`). */
export interface PipelineOptions extends FromPretrainedOptions {
  /** Where the tokenizer is, when it is not with the model, or one that is loaded already. */
  readonly tokenizer?: ModelSource | ConvBertTokenizerFast;
}

/**
 * Loads the model and the tokenizer for a task: text in, answers out.
 *
 * ```ts
 * const classify = await pipeline("text-classification", "path/to/model");
 * await classify("Who wrote the opera Carmen?");          // [{ label: "HUM", score: 0.99 }]
 * await classify(["Where is it?", "How many?"]);          // one for each, in order
 * classify.dispose();                                     // or `using classify = ...`
 * ```
 *
 * Texts of a list run together without padding, each at its own length, so an answer does not depend on what else is in
 * the list: ConvBERT's convolution sees padding, and a padded batch of the reference gives slightly different numbers.
 * `classify.stream(lines)` answers what comes one by one. What computes is in `classify.model.backend.description`.
 *
 * @param source a folder, a URL, a hub id, a browser's files, or contents in memory.
 * @throws FilesError, WeightsError, ConfigError or TokenizerError when the files are absent or damaged; PipelineError
 *   when the task does not exist or the model lacks what it needs.
 */
export async function pipeline<Task extends PipelineTask>(
  task: Task,
  source: ModelSource,
  options: PipelineOptions = {},
): Promise<Pipeline<Task>> {
  const load = LOADERS[oneOf("task", task as PipelineTask, PIPELINE_TASKS)] as Loader<Pipeline<Task>>;
  const { tokenizer: given, ...loading } = options;
  const files = await openFiles(source, loading);
  try {
    const tokenizer =
      given instanceof ConvBertTokenizerFast
        ? given
        : await ConvBertTokenizerFast.fromPretrained(given === undefined ? files : await openFiles(given, loading));
    return await load(files, tokenizer, loading);
  } finally {
    await files.close();
  }
}
