import { ConvBertForSequenceClassification } from "@convbert/heads";
import { exampleError, LabelSet } from "../collate/labels.js";
import { textClassificationCollator } from "../collate/text-classification.js";
import type { Dataset, IndexedDataset } from "../data/dataset.js";
import { show } from "../data/error.js";
import type { TextExample } from "../data/examples.js";
import { textFields } from "../data/fields/text.js";
import { evaluateTextClassification } from "../evaluate/text-classification.js";
import { TrainerOptionError } from "../option-error.js";
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
    const { problemType = "single_label_classification" } = settings;
    const isRegression = problemType === "regression";
    if (problemType === "multi_label_classification") await checkSeveral(splits.train);
    const { labels, names } = isRegression ? { labels: new LabelSet([]), names: [] } : await labelsOf(context);
    if (labels.multiHot && problemType === "single_label_classification") {
      const wanted = "the labels are lists of 0 and 1, so that a text may have several: multi_label_classification";
      throw new TrainerOptionError("problemType", problemType, wanted);
    }
    const model = await context.makeModel<ConvBertForSequenceClassification>(ConvBertForSequenceClassification, {
      ...(isRegression ? { num_labels: await widthOf(splits.train) } : labelConfig(names)),
      problem_type: problemType,
    });
    const collator = textClassificationCollator(tokenizer, { maxLength, problemType, labels });
    const evaluate = (dataset: IndexedDataset<TextExample>, measured: ConvBertForSequenceClassification) =>
      evaluateTextClassification(measured, collator, { dataset, problemType, ...context.evaluation });
    const prepared = preparedTask(model, splits, evaluate, collator.collate);
    return { ...prepared, labels, labelNames: names, metric: METRICS[problemType] };
  },
};

/** How many numbers a text has. */
async function widthOf(dataset: IndexedDataset<TextExample>): Promise<number> {
  const { label } = await dataset.get(0);
  return Array.isArray(label) ? label.length : 1;
}

/** Throws DataError where nothing says what stands between the labels of a cell, so that each cell would be a label. */
async function checkSeveral(dataset: Dataset<TextExample>): Promise<void> {
  let odd: TextExample | undefined;
  for await (const example of dataset) {
    const { label } = example;
    if (Array.isArray(label)) return;
    if (typeof label === "string" && /.[,;|]./s.test(label)) odd ??= example;
  }
  if (odd === undefined) return;
  throw exampleError(odd, `the label is ${show(odd.label)}; name what stands between labels (labelSeparator)`, "label");
}
