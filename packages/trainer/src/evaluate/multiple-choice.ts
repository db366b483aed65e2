import type { MultipleChoiceInputs, MultipleChoiceOutput } from "@convbert/heads";
import type { Batch, Collator } from "../collate/batch.js";
import type { MultipleChoiceBatchInputs } from "../collate/multiple-choice.js";
import type { ChoiceExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { argmaxRows } from "../metrics/classification.js";
import { type EvaluationOptions, eachBatch, type Forward, MeanLoss } from "./batches.js";

/** Measures how often the right choice has the highest score: `loss`, `accuracy`. */
export function evaluateMultipleChoice(
  model: Forward<MultipleChoiceInputs, MultipleChoiceOutput>,
  collator: Collator<ChoiceExample, Batch<MultipleChoiceBatchInputs>>,
  options: EvaluationOptions<ChoiceExample>,
): Evaluate {
  return async (call) => {
    const loss = new MeanLoss();
    let right = 0;
    let count = 0;
    await eachBatch(options, collator, call, async ({ inputs, targets }) => {
      const output = await model.forward(inputs, call);
      loss.add(output.loss, targets);
      const chosen = argmaxRows(output.logits.data, output.logits.shape[1]!);
      for (const [i, label] of inputs.labels?.data.entries() ?? []) {
        right += Number(chosen[i] === label);
        count++;
      }
    });
    return { ...loss.metric, ...(count > 0 && { accuracy: right / count }) };
  };
}
