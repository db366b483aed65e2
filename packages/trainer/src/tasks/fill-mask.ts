import { ConvBertForMaskedLM } from "@convbert/heads";
import { fillMaskCollator, packTokens, type TokenBlock } from "../collate/fill-mask.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { PlainExample } from "../data/examples.js";
import { plainFields } from "../data/fields/plain.js";
import { evaluateFillMask } from "../evaluate/fill-mask.js";
import { TrainerOptionError } from "../option-error.js";
import { preparedTask } from "./prepared.js";
import type { TaskContext, TaskDefinition } from "./task.js";

/** Masked words of running text. */
export const fillMask: TaskDefinition<"fill-mask"> = {
  name: "fill-mask",
  model: ConvBertForMaskedLM,
  fields: () => plainFields(),
  maxLength: 128,
  async prepare(context) {
    const { splits, tokenizer, settings, maxLength } = context;
    const packed = {
      train: await blocksOf(context, splits.train, "the data"),
      evaluation: splits.evaluation && (await blocksOf(context, splits.evaluation, "the evaluation data")),
      test: splits.test && (await blocksOf(context, splits.test, "the test data")),
    };
    const { unit, probability } = settings;
    const collator = fillMaskCollator(tokenizer, {
      maxLength,
      ...(unit !== undefined && { unit }),
      ...(probability !== undefined && { probability }),
    });
    const model = await context.makeModel<ConvBertForMaskedLM>(ConvBertForMaskedLM, {});
    const evaluate = (dataset: IndexedDataset<TokenBlock>, measured: ConvBertForMaskedLM) =>
      evaluateFillMask(measured, collator, { dataset, ...context.evaluation });
    return { ...preparedTask(model, packed, evaluate, collator.collate), metric: "loss" };
  },
};

async function blocksOf(
  { tokenizer, maxLength, signal, onProgress }: TaskContext<"fill-mask">,
  dataset: IndexedDataset<PlainExample>,
  what: string,
): Promise<IndexedDataset<TokenBlock>> {
  const packed = await packTokens(dataset, tokenizer, {
    maxLength,
    ...(signal && { signal }),
    onProgress: (tokens) => onProgress?.(`tokenizing ${what}  ${tokens} tokens`),
  });
  if (packed.length > 0) return packed;
  throw new TrainerOptionError("maxLength", maxLength, `there is not enough text for ${what}`);
}
