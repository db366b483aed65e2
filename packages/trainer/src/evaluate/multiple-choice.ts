import type { MultipleChoiceBatch, MultipleChoiceInputs, MultipleChoiceOutput, RaggedLogits } from "@convbert/heads";
import type { Batch, Collator } from "../collate/batch.js";
import type { MultipleChoiceBatchInputs } from "../collate/multiple-choice.js";
import type { ChoiceExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { argmaxRows } from "../metrics/classification.js";
import { type EvaluationOptions, eachBatch, MeanLoss } from "./batches.js";
import { type Forward, rowOutputs } from "./outputs.js";

/** Measures how often the right choice has the highest score: `loss`, `accuracy`. */
export function evaluateMultipleChoice(
  model: Forward<MultipleChoiceInputs, MultipleChoiceOutput, MultipleChoiceBatch, RaggedLogits>,
  collator: Collator<ChoiceExample, Batch<MultipleChoiceBatchInputs, MultipleChoiceBatch>>,
  options: EvaluationOptions<ChoiceExample>,
): Evaluate {
  const { unpadded = false } = options;
  return async (call) => {
    const loss = new MeanLoss();
    let right = 0;
    let count = 0;
    await eachBatch(options, collator, call, async (batch, examples) => {
      const outputs = await rowOutputs(model, batch, ["logits"], { ...call, loss, unpadded, perToken: false });
      for (const [i, { label }] of examples.entries()) {
        if (label === undefined) continue;
        const { logits } = outputs[i]!;
        right += Number(argmaxRows(logits, logits.length)[0] === label);
        count++;
      }
    });
    return { ...loss.metric, ...(count > 0 && { accuracy: right / count }) };
  };
}
