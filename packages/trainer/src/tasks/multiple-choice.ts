import { ConvBertForMultipleChoice } from "@convbert/heads";
import { multipleChoiceCollator } from "../collate/multiple-choice.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { ChoiceExample } from "../data/examples.js";
import { choiceFields } from "../data/fields/choices.js";
import { evaluateMultipleChoice } from "../evaluate/multiple-choice.js";
import { preparedTask } from "./prepared.js";
import type { TaskDefinition } from "./task.js";

/** The best of several continuations. */
export const multipleChoice: TaskDefinition<"multiple-choice"> = {
  name: "multiple-choice",
  model: ConvBertForMultipleChoice,
  fields: () => choiceFields(),
  maxLength: 128,
  async prepare(context) {
    const { splits, tokenizer, maxLength } = context;
    const collator = multipleChoiceCollator(tokenizer, { maxLength });
    const model = await context.makeModel<ConvBertForMultipleChoice>(ConvBertForMultipleChoice, {});
    const evaluate = (dataset: IndexedDataset<ChoiceExample>, measured: ConvBertForMultipleChoice) =>
      evaluateMultipleChoice(measured, collator, { dataset, ...context.evaluation });
    return { ...preparedTask(model, splits, evaluate, collator.collate), metric: "accuracy" };
  },
};
