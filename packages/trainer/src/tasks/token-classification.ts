import { ConvBertForTokenClassification } from "@convbert/heads";
import { tokenClassificationCollator } from "../collate/token-classification.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { TokenExample } from "../data/examples.js";
import { tokenFields } from "../data/fields.js";
import { evaluateTokenClassification } from "../evaluate/token-classification.js";
import { labelConfig, labelsOf, preparedTask } from "./prepared.js";
import type { TaskDefinition } from "./task.js";

/** A tag for each word. */
export const tokenClassification: TaskDefinition<"token-classification"> = {
  name: "token-classification",
  model: ConvBertForTokenClassification,
  fields: () => tokenFields(),
  maxLength: 128,
  async prepare(context) {
    const { splits, tokenizer, settings, maxLength } = context;
    const { labelAllTokens = false, labelNames, scheme } = settings;
    const labels = await labelsOf(context);
    const options = { maxLength, labels, labelAllTokens };
    const collator = tokenClassificationCollator(tokenizer, options);
    // Tags that training has never seen are counted as what they are, mistakes.
    const held = tokenClassificationCollator(tokenizer, { ...options, unknownTags: "ignore" });
    const model = await context.makeModel<ConvBertForTokenClassification>(
      ConvBertForTokenClassification,
      labelConfig(labels, labelNames),
    );
    const evaluate = (dataset: IndexedDataset<TokenExample>, measured: ConvBertForTokenClassification) =>
      evaluateTokenClassification(measured, held, { dataset, labels, scheme, ...context.evaluation });
    return { ...preparedTask(model, splits, evaluate, collator.collate), labels, metric: "f1" };
  },
};
