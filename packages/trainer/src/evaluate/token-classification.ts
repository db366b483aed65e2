import type { TokenClassificationInputs, TokenClassificationOutput } from "@convbert/heads";
import type { Collator } from "../collate/batch.js";
import type { LabelSet } from "../collate/labels.js";
import { type TokenBatch, wordTags } from "../collate/token-classification.js";
import type { TokenExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { argmaxRows } from "../metrics/classification.js";
import { EntityMetric } from "../metrics/entities.js";
import { type EntityScheme, schemeSpans } from "../metrics/schemes.js";
import { TrainerOptionError } from "../option-error.js";
import { type EvaluationOptions, eachBatch, type Forward, MeanLoss } from "./batches.js";

export interface TokenEvaluationOptions extends EvaluationOptions<TokenExample> {
  readonly labels: LabelSet;
  /** Count by a strict scheme (seqeval's `mode="strict"`); by default as conlleval does, which takes tags of any kind. */
  readonly scheme?: EntityScheme | undefined;
}

/** A tag that the scheme has not would be an error after the first epoch. */
function checkScheme({ labels, scheme }: TokenEvaluationOptions): void {
  if (scheme === undefined) return;
  try {
    for (const name of labels.names) schemeSpans(scheme)([name]);
  } catch (error) {
    throw new TrainerOptionError("scheme", scheme, (error as Error).message);
  }
}

/**
 * Measures a tagger by whole entities or chunks, as seqeval counts them: `loss`, `precision`, `recall`, `f1`, and
 * `accuracy` of the words. Words that a row had no room for count as "O".
 */
export function evaluateTokenClassification(
  model: Forward<TokenClassificationInputs, TokenClassificationOutput>,
  collator: Collator<TokenExample, TokenBatch>,
  options: TokenEvaluationOptions,
): Evaluate {
  const spans = options.scheme === undefined ? {} : { spans: schemeSpans(options.scheme) };
  checkScheme(options);
  return async (call) => {
    const loss = new MeanLoss();
    const metric = new EntityMetric(spans);
    await eachBatch(options, collator, call, async (batch, examples) => {
      const output = await model.forward(batch.inputs, call);
      loss.add(output.loss, batch.targets);
      const classes = argmaxRows(output.logits.data, model.config.num_labels);
      const predicted = wordTags(batch, classes, options.labels);
      for (const [i, { tags }] of examples.entries()) if (tags) metric.update([predicted[i]!], [tags]);
    });
    const { micro, accuracy } = metric.compute();
    return { ...loss.metric, ...micro, accuracy };
  };
}
