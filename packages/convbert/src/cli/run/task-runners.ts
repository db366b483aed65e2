import type {
  AggregationStrategy,
  ChoiceInput,
  Pipeline,
  PipelineTask,
  QuestionInput,
  ScoreFunction,
  SimilarityInput,
  TextPair,
} from "@convbert/pipelines";
import type { ModelFlags } from "../model-options.js";
import type { Style } from "../style.js";
import {
  chosen,
  classified,
  features,
  filled,
  filledTogether,
  foundAnswers,
  labelled,
  measured,
  nested,
  proposed,
  similar,
} from "./readable-results.js";
import type { InputFlags, TaskInput } from "./task-inputs.js";

/** Flags of `convbert run`. */
export interface RunFlags extends ModelFlags, InputFlags {
  readonly model?: string;
  readonly allowNewHead?: boolean;
  readonly json?: boolean;
  readonly contextFile?: string;
  readonly truncate?: boolean;
  readonly topK?: number | "all";
  readonly function?: ScoreFunction;
  readonly aggregation?: AggregationStrategy;
  readonly ignoreLabels?: readonly string[];
  readonly stride?: number;
  readonly maxAnswerLength?: number;
  readonly maxLength?: number;
  readonly impossible?: boolean;
  readonly targets?: readonly string[];
  readonly pooling?: "none" | "mean" | "cls" | "max";
  readonly normalize?: boolean;
  readonly labels?: readonly string[];
  readonly template?: string;
  readonly multiLabel?: boolean;
  readonly joint?: boolean;
  readonly wholeTargets?: boolean;
}

/** What a call gets besides its input. */
export interface Call {
  readonly signal: AbortSignal;
  readonly onWarning: (message: string) => void;
}

/** A result for people, and for machines: what the pipeline returned. */
export interface TaskAnswer {
  readonly json: unknown;
  readable(style: Style): string;
}

/** Answers inputs together, each as it would be alone. */
export type TaskRunner = (inputs: readonly TaskInput[], call: Call) => Promise<TaskAnswer[]>;

/** What of the flags says how texts are written. */
function forms({ words }: RunFlags): { readonly is_split_into_words?: true } {
  return words ? { is_split_into_words: true } : {};
}

/** A text as it is shown; offsets are those in words that spaces join. */
function shownText(input: string | readonly string[]): string {
  return typeof input === "string" ? input : input.join(" ");
}

/** Labels that people see where `--top-k` does not say how many. */
const SHOWN = 8;

type Runners = {
  readonly [Task in PipelineTask]: (pipeline: Pipeline<Task>, flags: RunFlags) => TaskRunner;
};

const RUNNERS: Runners = {
  "text-classification": (pipeline, flags) => async (given, call) => {
    const inputs = given as readonly (string | TextPair)[];
    const options = {
      ...forms(flags),
      signal: call.signal,
      ...(flags.truncate && { truncation: true }),
      ...(flags.function && { function_to_apply: flags.function }),
    };
    const isRegression = pipeline.model.config.problem_type === "regression";
    const show = (flags.function ?? (isRegression ? "none" : undefined)) === "none" ? measured : classified;
    const results = await pipeline(inputs, { ...options, top_k: null });
    return results.map((all, i) => {
      const count = flags.topK === "all" ? all.length : flags.topK;
      return {
        json: count === undefined ? all[0] : all.slice(0, count),
        readable: (style) => show(inputs[i]!, all.slice(0, count ?? SHOWN), style),
      };
    });
  },
  "token-classification": (pipeline, flags) => async (given, call) => {
    // Lists of words have types of their own; whether texts are such is known here only when the command runs.
    const texts = given as readonly string[];
    const results = await pipeline(texts, {
      ...forms(flags),
      signal: call.signal,
      aggregation_strategy: flags.aggregation ?? "first",
      truncation: flags.truncate ?? false,
      ...(flags.ignoreLabels && { ignore_labels: flags.ignoreLabels }),
      ...(flags.stride !== undefined && { stride: flags.stride }),
    });
    return results.map((found, i) => ({
      json: found,
      readable: (style) => labelled(shownText(texts[i]!), found, style),
    }));
  },
  "question-answering": (pipeline, flags) => async (given, call) => {
    const inputs = given as readonly QuestionInput[];
    const results = await pipeline(inputs, {
      signal: call.signal,
      top_k: typeof flags.topK === "number" ? flags.topK : 1,
      ...(flags.maxAnswerLength !== undefined && { max_answer_len: flags.maxAnswerLength }),
      ...(flags.maxLength !== undefined && { max_seq_len: flags.maxLength }),
      ...(flags.stride !== undefined && { doc_stride: flags.stride }),
      ...(flags.impossible && { handle_impossible_answer: true }),
      ...(flags.truncate && { truncation: true }),
    });
    return results.map((answers, i) => {
      const best = answers[0] ?? { score: 0, start: 0, end: 0, answer: "" };
      return {
        json: flags.topK === undefined ? best : answers,
        readable: (style) => foundAnswers(inputs[i]!, answers.length > 0 ? answers : [best], style),
      };
    });
  },
  "fill-mask": (pipeline, flags) => async (given, call) => {
    const texts = given as readonly string[];
    const options = {
      ...call,
      ...forms(flags),
      ...(flags.truncate && { truncation: true }),
      ...(typeof flags.topK === "number" && { top_k: flags.topK }),
      ...(flags.targets && { targets: flags.targets }),
      ...(flags.wholeTargets && { whole_targets: true }),
    };
    if (flags.joint) {
      const results = await pipeline(texts, { ...options, joint: true });
      return results.map((found, i) => ({
        json: found,
        readable: (style) => filledTogether(shownText(texts[i]!), found, style),
      }));
    }
    const results = await pipeline(texts, options);
    return results.map((found, i) => ({
      json: found,
      readable: (style) => filled(shownText(texts[i]!), found, style),
    }));
  },
  "multiple-choice": (pipeline, flags) => async (given, call) => {
    const inputs = given as readonly ChoiceInput[];
    const results = await pipeline(inputs, { signal: call.signal, ...(flags.truncate && { truncation: true }) });
    return results.map((best, i) => ({ json: best, readable: (style) => chosen(inputs[i]!, best, style) }));
  },
  "feature-extraction": (pipeline, flags) => async (given, call) => {
    const texts = given as readonly string[];
    const results = await pipeline(texts, {
      ...forms(flags),
      signal: call.signal,
      ...(flags.truncate && { truncation: true }),
      ...(flags.pooling && { pooling: flags.pooling }),
      ...(flags.normalize && { normalize: true }),
    });
    return results.map((array, i) => ({
      json: nested(array),
      readable: (style) => features(shownText(texts[i]!), array, style),
    }));
  },
  "sentence-similarity": (pipeline, flags) => async (given, call) => {
    const inputs = given as readonly SimilarityInput[];
    const results = await pipeline(inputs, {
      ...call,
      ...(typeof flags.topK === "number" && { top_k: flags.topK }),
    });
    return results.map((found, i) => ({ json: found, readable: (style) => similar(inputs[i]!, found, style) }));
  },
  "zero-shot-classification": (pipeline, flags) => async (given, call) => {
    const results = await pipeline(given as readonly string[], flags.labels ?? [], {
      ...call,
      truncation: flags.truncate ?? false,
      ...(flags.template !== undefined && { hypothesis_template: flags.template }),
      ...(flags.multiLabel && { multi_label: true }),
    });
    return results.map((result) => ({ json: result, readable: (style) => proposed(result, style) }));
  },
};

/** How a task's pipeline runs inputs under the given flags. */
export function taskRunner<Task extends PipelineTask>(
  task: Task,
  pipeline: Pipeline<Task>,
  flags: RunFlags,
): TaskRunner {
  return RUNNERS[task](pipeline, flags);
}

/** Flags that only some tasks have. */
export const TASK_FLAGS: Readonly<Partial<Record<keyof RunFlags, readonly PipelineTask[]>>> = {
  pair: ["text-classification"],
  words: ["text-classification", "token-classification", "fill-mask", "feature-extraction"],
  context: ["question-answering"],
  contextFile: ["question-answering"],
  topK: ["text-classification", "question-answering", "fill-mask", "sentence-similarity"],
  function: ["text-classification"],
  aggregation: ["token-classification"],
  ignoreLabels: ["token-classification"],
  stride: ["token-classification", "question-answering"],
  maxAnswerLength: ["question-answering"],
  maxLength: ["question-answering"],
  impossible: ["question-answering"],
  targets: ["fill-mask"],
  joint: ["fill-mask"],
  wholeTargets: ["fill-mask"],
  pooling: ["feature-extraction"],
  normalize: ["feature-extraction"],
  labels: ["zero-shot-classification"],
  template: ["zero-shot-classification"],
  multiLabel: ["zero-shot-classification"],
};
