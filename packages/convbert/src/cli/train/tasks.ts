import { DataError, type TaskSettings, TrainerOptionError } from "@convbert/trainer";
import { type PreparedTask, TASKS, type TaskContext } from "@convbert/trainer/internal";
import { UsageError } from "../errors.js";
import { classWeightsOf } from "./class-weights.js";
import { flagName, type TrainFlags, type TrainTask } from "./flags.js";
import { sentenceSettings } from "./sentences.js";

/** The flags, and what lies beside the data. */
export interface TaskFlags extends TrainFlags {
  readonly classNames?: readonly string[] | undefined;
}

/** A task ready to train. */
export interface TaskRun extends PreparedTask {
  /** What each label's loss counts, in the labels' order. */
  readonly classWeights: readonly number[] | undefined;
}

/** What the flags say of each task. */
const SETTINGS: { readonly [Task in TrainTask]: (flags: TaskFlags) => TaskSettings[Task] } = {
  "text-classification": ({ regression, multiLabel, labelNames, classNames }) => ({
    problemType: regression ? "regression" : multiLabel ? "multi_label_classification" : "single_label_classification",
    labelNames,
    classNames,
  }),
  "token-classification": ({ labelNames, classNames, labelAllTokens, scheme, scoreBy }) => ({
    labelNames,
    classNames,
    labelAllTokens,
    scheme,
    scoreBy,
  }),
  "question-answering": ({ stride, maxQuestionLength, allowNoAnswer, skipUnanswered }) => ({
    stride,
    maxQuestionLength,
    allowNoAnswer,
    skipUnanswered,
  }),
  "fill-mask": ({ maskUnit, maskProbability }) => ({ unit: maskUnit, probability: maskProbability }),
  "multiple-choice": () => ({}),
  "sentence-embedding": sentenceSettings,
};

/** Makes the model and everything around it. */
export async function setUpTask<Task extends TrainTask>(
  task: Task,
  flags: TaskFlags,
  context: Omit<TaskContext<Task>, "settings" | "evaluation">,
): Promise<TaskRun> {
  const { evalBatchSize: batchSize, unpadded } = flags;
  const settings = SETTINGS[task](flags);
  const all = { ...context, settings, evaluation: { batchSize, unpadded } };
  const prepared = await TASKS[task].prepare(all).catch((error: unknown) => {
    throw asFlags(error, flags);
  });
  const { labels, labelNames } = prepared;
  const { train } = context.splits;
  const classWeights =
    labels && (await classWeightsOf(flags, labels, labelNames, train as Parameters<typeof classWeightsOf>[3]));
  return { ...prepared, classWeights, notes: prepared.notes?.map(withFlags) };
}

/** Settings of tasks that have flags of other names. */
const REMEDIES: Readonly<Record<string, string>> = {
  problemType: "the labels are lists of 0 and 1, so that a text may have several; give --multi-label",
};

/** The error in the words of the command line. */
function asFlags(error: unknown, flags: TaskFlags): unknown {
  if (error instanceof DataError) return new UsageError(withFlags(error.message));
  if (!(error instanceof TrainerOptionError)) return error;
  const { option, message } = error;
  if (option in REMEDIES) return new UsageError(REMEDIES[option]);
  if (option === "allowNoAnswer") {
    return new UsageError(withFlags(message.replace(/^.*?; /, "").replace("set it", "give --allow-no-answer")));
  }
  return Object.hasOwn(flags, option) ? new UsageError(message.replace(option, flagName(option))) : error;
}

/** Names of options as the flags that set them. */
function withFlags(message: string): string {
  return message.replace(/\b(labelSeparator|labelNames|skipUnanswered)\b/g, flagName);
}
