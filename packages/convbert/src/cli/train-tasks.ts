import { setImmediate } from "node:timers/promises";
import {
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
} from "@convbert/heads";
import type { ConvBertConfigInit, PreTrainedModel } from "@convbert/model";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import {
  collectLabels,
  type Evaluate,
  evaluateFillMask,
  evaluateMultipleChoice,
  evaluateQuestionAnswering,
  evaluateTextClassification,
  evaluateTokenClassification,
  fillMaskCollator,
  type IndexedDataset,
  LabelSet,
  memoryDataset,
  multipleChoiceCollator,
  packTokens,
  type QuestionExample,
  type QuestionWindow,
  questionAnsweringCollator,
  type RandomSource,
  seededRandom,
  Trainer,
  type TrainerOptions,
  type TrainingBatch,
  type TrainSummary,
  textClassificationCollator,
  tokenClassificationCollator,
} from "@convbert/trainer";
import { UsageError } from "./failure.js";
import { classWeightsOf } from "./train-class-weights.js";
import type { TaskExamples } from "./train-data.js";
import type { TrainFlags, TrainTask } from "./train-flags.js";

/** Questions that are made into windows between two reports of progress. */
const EXAMPLES_AT_ONCE = 256;

/** Examples for training, for choosing the best weights, and for the final score. */
export interface Splits<Example> {
  readonly train: IndexedDataset<Example>;
  readonly evaluation: IndexedDataset<Example> | undefined;
  readonly test: IndexedDataset<Example> | undefined;
}

/** What a task is set up from. */
export interface TaskContext<Example> {
  readonly splits: Splits<Example>;
  readonly tokenizer: ConvBertTokenizerFast;
  readonly flags: TrainFlags;
  readonly maxLength: number;
  /** Labels that the model which the run starts from knows. */
  readonly modelLabels: readonly string[] | null;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  makeModel<M extends PreTrainedModel>(Model: unknown, changes: ConvBertConfigInit): Promise<M>;
}

/** Options of a run that do not depend on its task. */
export type RunOptions = Omit<TrainerOptions<never, never>, "model" | "train" | "collate" | "lengthOf">;

/** A task ready to train. */
export interface TaskRun {
  readonly model: PreTrainedModel;
  /** The metric that decides by default. */
  readonly metric: string;
  /** What is counted, and how many there are. */
  readonly counts: Readonly<Record<string, number>>;
  readonly evaluation: Evaluate | undefined;
  /** What each label's loss counts, in the labels' order. */
  readonly classWeights?: readonly number[] | undefined;
  /** Of the model, or of the same one as it was saved. */
  readonly test: ((model: PreTrainedModel) => Evaluate) | undefined;
  train(options: RunOptions): Promise<TrainSummary>;
}

type TaskSetups = { readonly [Task in TrainTask]: (context: TaskContext<TaskExamples[Task]>) => Promise<TaskRun> };

const SETUPS: TaskSetups = {
  async "text-classification"(context) {
    const { splits, tokenizer, flags, maxLength } = context;
    const problemType = flags.regression
      ? "regression"
      : flags.multiLabel
        ? "multi_label_classification"
        : "single_label_classification";
    const labels = flags.regression ? new LabelSet([]) : await labelsOf(context);
    const width = await regressionWidth(context, flags.regression ?? false);
    const model = await context.makeModel<ConvBertForSequenceClassification>(ConvBertForSequenceClassification, {
      ...(flags.regression ? { num_labels: width } : labelConfig(labels, flags)),
      problem_type: problemType,
    });
    const collator = textClassificationCollator(tokenizer, { maxLength, problemType, labels });
    const evaluate = (dataset: typeof splits.train, measured = model) =>
      evaluateTextClassification(measured, collator, { dataset, problemType, ...evaluationOptions(flags) });
    return {
      ...taskRun(model, splits, evaluate, collator.collate),
      classWeights: await classWeightsOf(flags, labels, splits.train),
      metric: { regression: "pearson", multi_label_classification: "microF1", single_label_classification: "accuracy" }[
        problemType
      ],
    };
  },

  async "token-classification"(context) {
    const { splits, tokenizer, flags, maxLength } = context;
    const labels = await labelsOf(context);
    const { labelAllTokens = false } = flags;
    const options = { maxLength, labels, labelAllTokens };
    const collator = tokenClassificationCollator(tokenizer, options);
    // Tags that training has never seen are counted as what they are, mistakes.
    const held = tokenClassificationCollator(tokenizer, { ...options, unknownTags: "ignore" });
    const model = await context.makeModel<ConvBertForTokenClassification>(
      ConvBertForTokenClassification,
      labelConfig(labels, flags),
    );
    const evaluate = (dataset: typeof splits.train, measured = model) =>
      evaluateTokenClassification(measured, held, {
        dataset,
        labels,
        scheme: flags.scheme,
        ...evaluationOptions(flags),
      });
    const classWeights = await classWeightsOf(flags, labels, splits.train);
    return { ...taskRun(model, splits, evaluate, collator.collate), classWeights, metric: "f1" };
  },

  async "question-answering"(context) {
    const { splits, tokenizer, flags, maxLength, signal, onProgress } = context;
    const { stride, maxQuestionLength, allowNoAnswer = false } = flags;
    const collator = questionAnsweringCollator(tokenizer, {
      maxLength,
      ...(stride !== undefined && { stride }),
      ...(maxQuestionLength !== undefined && { maxQuestionLength }),
    });
    const model = await context.makeModel<ConvBertForQuestionAnswering>(ConvBertForQuestionAnswering, {
      num_labels: 2,
    });
    const evaluate = (dataset: typeof splits.train, measured = model) =>
      evaluateQuestionAnswering(measured, collator, { dataset, tokenizer, allowNoAnswer, ...evaluationOptions(flags) });
    const windows: QuestionWindow[] = [];
    let block: QuestionExample[] = [];
    const take = async (): Promise<void> => {
      windows.push(...collator.windows(block));
      block = [];
      onProgress(`tokenizing the data  ${windows.length} windows`);
      // Examples in memory come without a pause in which Ctrl-C could be heard.
      await setImmediate(undefined, { signal });
    };
    for await (const example of splits.train) {
      if (allowNoAnswer || example.answers.length > 0) block.push(example);
      if (block.length === EXAMPLES_AT_ONCE) await take();
    }
    await take();
    const onlyTraining = { train: memoryDataset(windows), evaluation: undefined, test: undefined };
    const run = taskRun(model, onlyTraining, undefined, (rows) => collator.pack(rows));
    return {
      ...run,
      evaluation: splits.evaluation && evaluate(splits.evaluation),
      test: testOf<TaskExamples["question-answering"], ConvBertForQuestionAnswering>(splits.test, evaluate),
      counts: { ...counts(splits), windows: windows.length },
      metric: "f1",
    };
  },

  async "fill-mask"(context) {
    const { splits, tokenizer, flags, maxLength, signal, onProgress } = context;
    const blocks = async (dataset: typeof splits.train, what: string) => {
      const packed = await packTokens(dataset, tokenizer, {
        maxLength,
        signal,
        onProgress: (tokens) => onProgress(`tokenizing ${what}  ${tokens} tokens`),
      });
      if (packed.length === 0) throw new UsageError(`there is not enough text for ${what}`);
      return packed;
    };
    const packed = {
      train: await blocks(splits.train, "the data"),
      evaluation: splits.evaluation && (await blocks(splits.evaluation, "the evaluation data")),
      test: splits.test && (await blocks(splits.test, "the test data")),
    };
    const { maskUnit, maskProbability } = flags;
    const collator = fillMaskCollator(tokenizer, {
      maxLength,
      ...(maskUnit !== undefined && { unit: maskUnit }),
      ...(maskProbability !== undefined && { probability: maskProbability }),
    });
    const model = await context.makeModel<ConvBertForMaskedLM>(ConvBertForMaskedLM, {});
    const evaluate = (dataset: typeof packed.train, measured = model) =>
      evaluateFillMask(measured, collator, { dataset, ...evaluationOptions(flags) });
    return { ...taskRun(model, packed, evaluate, collator.collate), metric: "loss" };
  },

  async "multiple-choice"(context) {
    const { splits, tokenizer, flags, maxLength } = context;
    const collator = multipleChoiceCollator(tokenizer, { maxLength });
    const model = await context.makeModel<ConvBertForMultipleChoice>(ConvBertForMultipleChoice, {});
    const evaluate = (dataset: typeof splits.train, measured = model) =>
      evaluateMultipleChoice(measured, collator, { dataset, ...evaluationOptions(flags) });
    return { ...taskRun(model, splits, evaluate, collator.collate), metric: "accuracy" };
  },
};

/** Makes the model and everything around it. */
export function setUpTask<Task extends TrainTask>(
  task: Task,
  context: TaskContext<TaskExamples[Task]>,
): Promise<TaskRun> {
  return SETUPS[task](context);
}

/** The test of a model of the task's own class. */
function testOf<Example, M extends PreTrainedModel>(
  dataset: IndexedDataset<Example> | undefined,
  evaluate: ((dataset: IndexedDataset<Example>, model: M) => Evaluate) | undefined,
): TaskRun["test"] {
  return dataset && evaluate ? (model) => evaluate(dataset, model as M) : undefined;
}

function taskRun<Example, Inputs extends object, M extends PreTrainedModel & TrainerOptions<Example, Inputs>["model"]>(
  model: M,
  splits: Splits<Example>,
  evaluate: ((dataset: IndexedDataset<Example>, model?: M) => Evaluate) | undefined,
  collate: (examples: readonly Example[], random: RandomSource) => TrainingBatch<Inputs>,
): Omit<TaskRun, "metric"> {
  return {
    model,
    counts: counts(splits),
    evaluation: evaluate && splits.evaluation && evaluate(splits.evaluation),
    test: testOf<Example, M>(splits.test, evaluate),
    train: (options) =>
      new Trainer<Example, Inputs>({
        ...(options as unknown as TrainerOptions<Example, Inputs>),
        model,
        train: splits.train,
        collate,
        lengthOf: (example) => collate([example], seededRandom(0)).tokens,
      }).train(),
  };
}

function counts({ train, evaluation, test }: Splits<unknown>): Record<string, number> {
  return {
    train: train.length,
    ...(evaluation && { evaluation: evaluation.length }),
    ...(test && { test: test.length }),
  };
}

function evaluationOptions({ evalBatchSize, unpadded }: TrainFlags) {
  return { batchSize: evalBatchSize, unpadded };
}

/** Labels in the model's order where it knows them all, else all that occur, sorted. */
async function labelsOf(
  context: TaskContext<TaskExamples["text-classification"]> | TaskContext<TaskExamples["token-classification"]>,
): Promise<LabelSet> {
  const { splits, modelLabels } = context;
  const found = await collectLabels(splits.train as IndexedDataset<TaskExamples["text-classification"]>);
  if (found.size < 2) {
    throw new UsageError(`the data has ${found.size === 0 ? "no labels" : `only the label "${found.names[0]}"`}`);
  }
  const known = new Set(modelLabels);
  return modelLabels && found.names.every((name) => known.has(name)) ? new LabelSet(modelLabels) : found;
}

/** Names and numbers of the labels, as config.json has them. */
function labelConfig({ names }: LabelSet, { labelNames = names }: TrainFlags): ConvBertConfigInit {
  if (labelNames.length !== names.length) {
    throw new UsageError(`--label-names has ${labelNames.length} names for the labels ${names.join(", ")}`);
  }
  return {
    id2label: Object.fromEntries(labelNames.map((name, i) => [i, name])),
    label2id: Object.fromEntries(labelNames.map((name, i) => [name, i])),
  };
}

/** How many numbers a text has. */
async function regressionWidth(
  { splits }: TaskContext<TaskExamples["text-classification"]>,
  isRegression: boolean,
): Promise<number> {
  if (!isRegression) return 1;
  const { label } = await splits.train.get(0);
  return Array.isArray(label) ? label.length : 1;
}
