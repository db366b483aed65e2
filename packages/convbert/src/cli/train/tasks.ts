import { type PreparedTask, TASKS, type TaskContext, type TaskSettings, TrainerOptionError } from "@convbert/trainer";
import { UsageError } from "../failure.js";
import { classWeightsOf } from "./class-weights.js";
import { flagName, type TrainFlags, type TrainTask } from "./flags.js";
import { sentenceSettings } from "./sentences.js";

/** A task ready to train. */
export interface TaskRun extends PreparedTask {
  /** What each label's loss counts, in the labels' order. */
  readonly classWeights: readonly number[] | undefined;
}

/** What the flags say of each task. */
const SETTINGS: { readonly [Task in TrainTask]: (flags: TrainFlags) => TaskSettings[Task] } = {
  "text-classification": ({ regression, multiLabel, labelNames }) => ({
    problemType: regression ? "regression" : multiLabel ? "multi_label_classification" : "single_label_classification",
    labelNames,
  }),
  "token-classification": ({ labelNames, labelAllTokens, scheme }) => ({ labelNames, labelAllTokens, scheme }),
  "question-answering": ({ stride, maxQuestionLength, allowNoAnswer }) => ({
    stride,
    maxQuestionLength,
    allowNoAnswer,
  }),
  "fill-mask": ({ maskUnit, maskProbability }) => ({ unit: maskUnit, probability: maskProbability }),
  "multiple-choice": () => ({}),
  "sentence-embedding": sentenceSettings,
};

/** Makes the model and everything around it. */
export async function setUpTask<Task extends TrainTask>(
  task: Task,
  flags: TrainFlags,
  context: Omit<TaskContext<Task>, "settings" | "evaluation">,
): Promise<TaskRun> {
  const { evalBatchSize: batchSize, unpadded } = flags;
  const settings = SETTINGS[task](flags);
  const all = { ...context, settings, evaluation: { batchSize, unpadded } };
  const prepared = await TASKS[task].prepare(all).catch((error: unknown) => {
    throw error instanceof TrainerOptionError && Object.hasOwn(flags, error.option)
      ? new UsageError(error.message.replace(error.option, flagName(error.option)))
      : error;
  });
  const { labels } = prepared;
  const { train } = context.splits;
  const classWeights = labels && (await classWeightsOf(flags, labels, train as Parameters<typeof classWeightsOf>[2]));
  return { ...prepared, classWeights };
}
