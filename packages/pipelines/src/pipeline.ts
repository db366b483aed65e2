import { type FileSet, type ModelSource, withFiles } from "@convbert/files";
import {
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
  readSentenceModules,
} from "@convbert/heads";
import { ConvBertModel, type FromPretrainedOptions } from "@convbert/model";
import { withModelFiles } from "@convbert/model/internal";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { PipelineParts, PipelineTokenizer } from "./engine.js";
import { PipelineError } from "./errors.js";
import {
  createFeatureExtraction,
  FEATURE_EXTRACTION_RULES,
  type FeatureExtractionOptions,
  type FeatureExtractionPipeline,
} from "./feature-extraction.js";
import { createFillMask, FILL_MASK_RULES, type FillMaskOptions, type FillMaskPipeline } from "./fill-mask.js";
import { LOADING_RULES } from "./loading-rules.js";
import {
  createMultipleChoice,
  MULTIPLE_CHOICE_RULES,
  type MultipleChoiceOptions,
  type MultipleChoicePipeline,
} from "./multiple-choice.js";
import { nearest, shortened } from "./names.js";
import { flag, type OptionRules, orDefault, readOptions } from "./options.js";
import {
  createQuestionAnswering,
  QUESTION_ANSWERING_RULES,
  type QuestionAnsweringOptions,
  type QuestionAnsweringPipeline,
} from "./question-answering.js";
import {
  createSentenceSimilarity,
  SENTENCE_SIMILARITY_RULES,
  type SentenceSimilarityOptions,
  type SentenceSimilarityPipeline,
} from "./sentence-similarity.js";
import {
  createTextClassification,
  TEXT_CLASSIFICATION_RULES,
  type TextClassificationOptions,
  type TextClassificationPipeline,
} from "./text-classification.js";
import {
  createTokenClassification,
  TOKEN_CLASSIFICATION_RULES,
  type TokenClassificationOptions,
  type TokenClassificationPipeline,
} from "./token-classification.js";
import {
  createZeroShotClassification,
  ZERO_SHOT_RULES,
  type ZeroShotClassificationOptions,
  type ZeroShotClassificationPipeline,
} from "./zero-shot-classification.js";

/** The pipeline of each task. */
export interface Pipelines {
  "text-classification": TextClassificationPipeline;
  "token-classification": TokenClassificationPipeline;
  "question-answering": QuestionAnsweringPipeline;
  "fill-mask": FillMaskPipeline;
  "multiple-choice": MultipleChoicePipeline;
  "feature-extraction": FeatureExtractionPipeline;
  "zero-shot-classification": ZeroShotClassificationPipeline;
  "sentence-similarity": SentenceSimilarityPipeline;
}

export type PipelineTask = keyof Pipelines;

/** Other names of tasks, as the reference has them. */
export const PIPELINE_ALIASES = { "sentiment-analysis": "text-classification", ner: "token-classification" } as const;

export type PipelineAlias = keyof typeof PIPELINE_ALIASES;

/** The task that a name stands for. */
export type TaskOf<Name extends PipelineTask | PipelineAlias> = Name extends PipelineAlias
  ? (typeof PIPELINE_ALIASES)[Name]
  : Extract<Name, PipelineTask>;

/** The pipeline of a task. */
export type Pipeline<Task extends PipelineTask = PipelineTask> = Pipelines[Task];

/** The options of each task's calls. */
export interface PipelineCallOptions {
  "text-classification": TextClassificationOptions;
  "token-classification": TokenClassificationOptions;
  "question-answering": QuestionAnsweringOptions;
  "fill-mask": FillMaskOptions;
  "multiple-choice": MultipleChoiceOptions;
  "feature-extraction": FeatureExtractionOptions;
  "zero-shot-classification": ZeroShotClassificationOptions;
  "sentence-similarity": SentenceSimilarityOptions;
}

type Loader<Result> = (
  files: FileSet,
  tokenizer: PipelineTokenizer,
  options: FromPretrainedOptions,
  defaults: object,
  runtime: PipelineRuntime | undefined,
) => Promise<Result>;

/** The model classes that tasks run. */
const MODELS = {
  ConvBertModel,
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
};

/** Loads a task's model, from the runtime that was passed or our own, and makes its pipeline. */
function loader<Name extends keyof typeof MODELS, Result, More = undefined>(
  name: Name,
  create: (parts: PipelineParts<InstanceType<(typeof MODELS)[Name]>>, defaults: object, more: More) => Result,
  readMore: (files: FileSet) => Promise<More> = async () => undefined as More,
): Loader<Result> {
  type Model = InstanceType<(typeof MODELS)[Name]>;
  // All six have one static side; only their instances differ.
  const Own = MODELS[name] as unknown as {
    fromPretrained(files: FileSet, options: FromPretrainedOptions): Promise<Model>;
  };
  return async (files, tokenizer, options, defaults, runtime) => {
    const more = await readMore(files);
    const model =
      runtime === undefined
        ? await Own.fromPretrained(files, options)
        : ((await runtime.loadModel(name, files, options)) as Model);
    try {
      return create({ model, tokenizer }, defaults, more);
    } catch (error) {
      model.dispose();
      throw error;
    }
  };
}

const LOADERS: { readonly [Task in PipelineTask]: Loader<Pipelines[Task]> } = {
  "text-classification": loader("ConvBertForSequenceClassification", createTextClassification),
  "token-classification": loader("ConvBertForTokenClassification", createTokenClassification),
  "question-answering": loader("ConvBertForQuestionAnswering", createQuestionAnswering),
  "fill-mask": loader("ConvBertForMaskedLM", createFillMask),
  "multiple-choice": loader("ConvBertForMultipleChoice", createMultipleChoice),
  "feature-extraction": loader("ConvBertModel", createFeatureExtraction, readSentenceModules),
  "zero-shot-classification": loader("ConvBertForSequenceClassification", createZeroShotClassification),
  "sentence-similarity": loader("ConvBertModel", createSentenceSimilarity, readSentenceModules),
};

const CALL_RULES: { readonly [Task in PipelineTask]: OptionRules<PipelineCallOptions[Task]> } = {
  "text-classification": TEXT_CLASSIFICATION_RULES,
  "token-classification": TOKEN_CLASSIFICATION_RULES,
  "question-answering": QUESTION_ANSWERING_RULES,
  "fill-mask": FILL_MASK_RULES,
  "multiple-choice": MULTIPLE_CHOICE_RULES,
  "feature-extraction": FEATURE_EXTRACTION_RULES,
  "zero-shot-classification": ZERO_SHOT_RULES,
  "sentence-similarity": SENTENCE_SIMILARITY_RULES,
};

/** The names of all tasks. */
export const PIPELINE_TASKS = Object.keys(LOADERS) as readonly PipelineTask[];

/** What computes in place of our own engine: `onnxRuntime` of `@convbert/onnx` makes one. */
export interface PipelineRuntime {
  /**
   * Loads a model that has `forwardRagged` as the class of that name in `@convbert/heads` has it (multiple choice `forward`
   * too).
   * @param options what `pipeline` was given of `fromPretrained`'s options.
   */
  loadModel(name: string, files: FileSet, options: Omit<FromPretrainedOptions, "dtype">): Promise<{ dispose(): void }>;
}

/** Where the tokenizer comes from. */
export interface PipelineTokenizerOptions {
  /** Where the tokenizer is, when it is not with the model, or one that is loaded already. */
  readonly tokenizer?: ModelSource | PipelineTokenizer;
  /** false: the slow tokenizer, with the semantics of the reference's Python one; true by default. */
  readonly use_fast?: boolean;
  /** Runs the model elsewhere, on ONNX Runtime for instance; by default our own engine does. */
  readonly runtime?: PipelineRuntime;
}

/**
 * How a pipeline is loaded: where files come from and how the model runs (`FromPretrainedOptions`); and options of its calls,
 * for those that do not give their own. `onWarning` is for both; `signal` and `onProgress` are of the loading alone.
 */
export type PipelineOptions<Task extends PipelineTask = PipelineTask> = FromPretrainedOptions &
  PipelineTokenizerOptions &
  Omit<PipelineCallOptions[Task], "signal" | "onProgress" | "onWarning">;

/**
 * Loads the model and the tokenizer for a task: text in, answers out.
 *
 * ```ts
 * const classify = await pipeline("text-classification", "path/to/model");
 * await classify("Who wrote the opera Carmen?");          // the best label, with its score
 * await classify(["Where is it?", "How many?"]);          // one for each, in order
 * classify.dispose();                                     // or `using classify = ...`
 * ```
 *
 * Texts of a list run together without padding, each at its own length, so an answer does not depend on what else is in
 * the list: ConvBERT's convolution sees padding, and a padded batch of the reference gives slightly different numbers.
 * `classify.stream(lines)` answers what comes one by one. What computes is in `classify.model.backend.description`.
 *
 * Options of calls may be given here as well, as in the reference; a call's own come first. The types of results follow the
 * options of the call alone.
 *
 * @param task one of {@link PIPELINE_TASKS}, or "ner" or "sentiment-analysis".
 * @param source a folder, a URL, a hub id, a browser's files, or contents in memory.
 * @throws FilesError, WeightsError, ConfigError or TokenizerError when the files are absent or damaged; PipelineError
 *   when the task or an option does not exist, or the model lacks what it needs.
 */
export async function pipeline<Name extends PipelineTask | PipelineAlias>(
  task: Name,
  source: ModelSource,
  options: PipelineOptions<TaskOf<Name>> = {} as PipelineOptions<TaskOf<Name>>,
): Promise<Pipeline<TaskOf<Name>>> {
  const name = taskOf(task);
  const load = LOADERS[name] as unknown as Loader<Pipeline<TaskOf<Name>>>;
  const { own, loading, defaults } = parted(name, options);
  const { tokenizer: given, use_fast: isFast = true, runtime } = own;
  return withModelFiles(source, loading, async (files) => {
    const Tokenizer = isFast ? ConvBertTokenizerFast : ConvBertTokenizer;
    const tokenizer =
      given instanceof ConvBertTokenizerFast || given instanceof ConvBertTokenizer
        ? given
        : await withFiles<PipelineTokenizer>(given ?? files, loading, (found) => Tokenizer.fromPretrained(found));
    return load(files, tokenizer, loading, defaults, runtime);
  });
}

/** @throws PipelineError for a name that is no task's. */
function taskOf(name: string): PipelineTask {
  if ((PIPELINE_TASKS as readonly string[]).includes(name)) return name as PipelineTask;
  if (Object.hasOwn(PIPELINE_ALIASES, name)) return PIPELINE_ALIASES[name as PipelineAlias];
  const suggestion =
    typeof name === "string" ? nearest(name, [...PIPELINE_TASKS, ...Object.keys(PIPELINE_ALIASES)]) : undefined;
  throw new PipelineError(
    "invalid-option",
    `there is no task ${shortened(String(name))}; ` +
      `${suggestion === undefined ? "" : `did you mean ${suggestion}? `}Choose one of ${PIPELINE_TASKS.join(", ")}`,
    { option: "task", value: name, choices: PIPELINE_TASKS },
  );
}

const OWN_RULES: OptionRules<PipelineTokenizerOptions> = {
  tokenizer: orDefault({ form: "a source of files or a tokenizer", accepts: () => true }),
  use_fast: orDefault(flag),
  runtime: orDefault({
    form: "a runtime for models, as onnxRuntime(ort) of @convbert/onnx gives it",
    accepts: (value) => typeof (value as PipelineRuntime | null)?.loadModel === "function",
  }),
};

interface Parted {
  readonly own: PipelineTokenizerOptions;
  readonly loading: FromPretrainedOptions;
  readonly defaults: object;
}

/** What is the pipeline's own, what loading takes and what calls take; checked before anything is loaded. */
function parted(task: PipelineTask, given: unknown): Parted {
  const calls: OptionRules<object> = CALL_RULES[task];
  const all = readOptions<Record<string, unknown>>(task, given, { ...calls, ...LOADING_RULES, ...OWN_RULES } as never);
  const only = (rules: object): object =>
    Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(rules, name)));
  // Progress and signals of loading and of calls are not the same.
  const { signal: _signal, onProgress: _onProgress, ...defaults } = only(calls) as Record<string, unknown>;
  return { own: only(OWN_RULES), loading: only(LOADING_RULES), defaults };
}
