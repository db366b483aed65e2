import type { ConvBertConfigInit, PreTrainedModel } from "@convbert/model";
import { collectLabels, LabelSet } from "../collate/labels.js";
import type { IndexedDataset } from "../data/dataset.js";
import { type RandomSource, seededRandom } from "../data/random.js";
import type { Evaluate, TrainerOptions, TrainingBatch } from "../loop/options.js";
import { Trainer } from "../loop/trainer.js";
import { TrainerOptionError } from "../option-error.js";
import type { PreparedTask, Splits, TaskContext } from "./task.js";

/** A task of a model whose batches are made of the examples as they are. */
export function preparedTask<
  Example,
  Inputs extends object,
  M extends PreTrainedModel & TrainerOptions<Example, Inputs>["model"],
>(
  model: M,
  splits: Splits<Example>,
  evaluate: ((dataset: IndexedDataset<Example>, model: M) => Evaluate) | undefined,
  collate: (examples: readonly Example[], random: RandomSource) => TrainingBatch<Inputs>,
): Omit<PreparedTask, "metric"> {
  return preparedTraining(model, model, splits, evaluate, collate);
}

/** The same where what is trained is not the model itself but something around it. */
export function preparedTraining<Example, Inputs extends object, M extends PreTrainedModel>(
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
export function testOf<Example, M extends PreTrainedModel>(
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

/** Labels in the model's order where it knows them all, else all that occur, sorted. Throws TrainerOptionError for less than two. */
export async function labelsOf({
  splits,
  modelLabels,
}: Pick<TaskContext<"text-classification"> | TaskContext<"token-classification">, "splits" | "modelLabels">) {
  const found = await collectLabels(splits.train as TaskContext<"text-classification">["splits"]["train"]);
  if (found.size < 2) {
    const has = found.size === 0 ? "no labels" : `only the label "${found.names[0]}"`;
    throw new TrainerOptionError("labels", found.names, `the data has ${has}`);
  }
  const known = new Set(modelLabels);
  return modelLabels && found.names.every((name) => known.has(name)) ? new LabelSet(modelLabels) : found;
}

/** Names and numbers of the labels, as config.json has them. Throws TrainerOptionError. */
export function labelConfig({ names }: LabelSet, labelNames: readonly string[] = names): ConvBertConfigInit {
  if (labelNames.length !== names.length) {
    throw new TrainerOptionError("labelNames", labelNames, `give one for each of the labels ${names.join(", ")}`);
  }
  return {
    id2label: Object.fromEntries(labelNames.map((name, i) => [i, name])),
    label2id: Object.fromEntries(labelNames.map((name, i) => [name, i])),
  };
}
