import { ConvBertForSequenceClassification } from "@convbert/heads";
import { LabelSet } from "../collate/labels.js";
import { textClassificationCollator } from "../collate/text-classification.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { TextExample } from "../data/examples.js";
import { textFields } from "../data/fields.js";
import { evaluateTextClassification } from "../evaluate/text-classification.js";
import { labelConfig, labelsOf, preparedTask } from "./prepared.js";
import type { TaskDefinition } from "./task.js";

const METRICS = {
  regression: "pearson",
  multi_label_classification: "microF1",
  single_label_classification: "accuracy",
} as const;

/** A class, several, or numbers for each text or pair of texts. */
export const textClassification: TaskDefinition<"text-classification"> = {
  name: "text-classification",
  model: ConvBertForSequenceClassification,
  fields: () => textFields(),
  maxLength: 128,
  async prepare(context) {
    const { splits, tokenizer, settings, maxLength } = context;
    const { problemType = "single_label_classification", labelNames } = settings;
    const isRegression = problemType === "regression";
    const labels = isRegression ? new LabelSet([]) : await labelsOf(context);
    const model = await context.makeModel<ConvBertForSequenceClassification>(ConvBertForSequenceClassification, {
      ...(isRegression ? { num_labels: await widthOf(splits.train) } : labelConfig(labels, labelNames)),
      problem_type: problemType,
    });
    const collator = textClassificationCollator(tokenizer, { maxLength, problemType, labels });
    const evaluate = (dataset: IndexedDataset<TextExample>, measured: ConvBertForSequenceClassification) =>
      evaluateTextClassification(measured, collator, { dataset, problemType, ...context.evaluation });
    return { ...preparedTask(model, splits, evaluate, collator.collate), labels, metric: METRICS[problemType] };
  },
};

/** How many numbers a text has. */
async function widthOf(dataset: IndexedDataset<TextExample>): Promise<number> {
  const { label } = await dataset.get(0);
  return Array.isArray(label) ? label.length : 1;
}
