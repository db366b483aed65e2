import type { ConvBertConfigInit, ConvBertPreTrainedModel } from "@convbert/model";
import { seededRandom } from "@convbert/tensor/internal";
import { collectLabels, LabelSet } from "../collate/labels.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { RandomSource } from "../data/random.js";
import type { Evaluate, TrainerOptions, TrainingBatch } from "../loop/options.js";
import { Trainer } from "../loop/trainer.js";
import { TrainerOptionError } from "../option-error.js";
import type { PreparedTask, Splits, TaskContext } from "./task.js";

/** A task of a model whose batches are made of the examples as they are. */
export function preparedTask<
  Example,
  Inputs extends object,
  M extends ConvBertPreTrainedModel & TrainerOptions<Example, Inputs>["model"],
>(
  model: M,
  splits: Splits<Example>,
  evaluate: ((dataset: IndexedDataset<Example>, model: M) => Evaluate) | undefined,
  collate: (examples: readonly Example[], random: RandomSource) => TrainingBatch<Inputs>,
): Omit<PreparedTask, "metric"> {
  return preparedTraining(model, model, splits, evaluate, collate);
}

/** The same where what is trained is not the model itself but something around it. */
export function preparedTraining<Example, Inputs extends object, M extends ConvBertPreTrainedModel>(
  model: M,
  trained: TrainerOptions<Example, Inputs>["model"],
  splits: Splits<Example>,
  evaluate: ((dataset: IndexedDataset<Example>, model: M) => Evaluate) | undefined,
  collate: (examples: readonly Example[], random: RandomSource) => TrainingBatch<Inputs>,
): Omit<PreparedTask, "metric"> {
  return {
    model,
    counts: countsOf(splits),
    evaluation: evaluate && splits.evaluation && evaluate(splits.evaluation, model),
    test: testOf(splits.test, evaluate),
    train: (options) =>
      new Trainer<Example, Inputs>({
        ...(options as unknown as TrainerOptions<Example, Inputs>),
        model: trained,
        train: splits.train,
        collate,
        lengthOf: (example) => collate([example], seededRandom(0)).tokens,
      }).train(),
  };
}

/** The test of a model of the task's own class. */
export function testOf<Example, M extends ConvBertPreTrainedModel>(
  dataset: IndexedDataset<Example> | undefined,
  evaluate: ((dataset: IndexedDataset<Example>, model: M) => Evaluate) | undefined,
): PreparedTask["test"] {
  return dataset && evaluate ? (model) => evaluate(dataset, model as M) : undefined;
}

/** How many examples there are of each kind. */
export function countsOf({ train, evaluation, test }: Splits<unknown>): Record<string, number> {
  return {
    train: train.length,
    ...(evaluation && { evaluation: evaluation.length }),
    ...(test && { test: test.length }),
  };
}

/** The labels of a run, and what the model calls them. */
export interface RunLabels {
  readonly labels: LabelSet;
  /** In the labels' order. */
  readonly names: readonly string[];
  /** Whether the data has the indices of the names in place of the names. */
  readonly areIds: boolean;
}

/**
 * Labels in the model's order where it knows them all, else all that occur, sorted. Whole numbers from 0 on are the indices
 * of `labelNames`, or of `classNames`, where those have room for them.
 * @throws TrainerOptionError for less than two labels, and for names that are not as many.
 */
export async function labelsOf({
  splits,
  modelLabels,
  settings: { labelNames, classNames },
}: Pick<
  TaskContext<"text-classification"> | TaskContext<"token-classification">,
  "splits" | "modelLabels" | "settings"
>): Promise<RunLabels> {
  const found = await collectLabels(splits.train as TaskContext<"text-classification">["splits"]["train"]);
  if (found.size < 2) {
    const has = found.size === 0 ? "no labels" : `only the label "${found.names[0]}"`;
    throw new TrainerOptionError("labels", found.names, `the data has ${has}`);
  }
  const ids = found.names.map((name) => (/^\d+$/.test(name) ? Number(name) : Number.NaN));
  const wanted = labelNames ?? classNames;
  if (wanted !== undefined && ids.every((id) => id < wanted.length)) {
    const byIndex = new LabelSet(Array.from(wanted.keys(), String), { multiHot: found.multiHot });
    if (!found.multiHot || found.size === wanted.length) return { labels: byIndex, names: wanted, areIds: true };
  }
  const known = new Set(modelLabels);
  const labels = modelLabels && found.names.every((name) => known.has(name)) ? new LabelSet(modelLabels, found) : found;
  const names = labelNames ?? labels.names;
  if (names.length === labels.size) return { labels, names, areIds: false };
  throw new TrainerOptionError("labelNames", names, `give one for each of the labels ${labels.names.join(", ")}`);
}

/** Names and numbers of the labels, as config.json has them. */
export function labelConfig(names: readonly string[]): ConvBertConfigInit {
  return {
    id2label: Object.fromEntries(names.map((name, i) => [i, name])),
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
  };
}
