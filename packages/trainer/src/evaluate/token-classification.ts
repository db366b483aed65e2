import type {
  RaggedLogits,
  TokenClassificationBatch,
  TokenClassificationInputs,
  TokenClassificationOutput,
} from "@convbert/heads";
import type { Collator } from "../collate/batch.js";
import type { LabelSet } from "../collate/labels.js";
import { type TokenBatch, wordTags } from "../collate/token-classification.js";
import type { TokenExample } from "../data/examples.js";
import { IGNORED_TAG, likeliestTag } from "../data/tags.js";
import type { Evaluate } from "../loop/options.js";
import { argmaxRows } from "../metrics/classification.js";
import { EntityMetric, entitySpans, type TagSpan, wordSpans } from "../metrics/entities.js";
import { type EntityScheme, schemeSpans, tagOutsideSchemes } from "../metrics/schemes.js";
import { TrainerOptionError } from "../option-error.js";
import { type EvaluationOptions, eachBatch, MeanLoss } from "./batches.js";
import { type Forward, rowOutputs } from "./outputs.js";

export interface TokenEvaluationOptions extends EvaluationOptions<TokenExample> {
  readonly labels: LabelSet;
  /** What the tags are scored as, in the labels' order, where the data has numbers for them. Default: the labels. */
  readonly names?: readonly string[] | undefined;
  /** Count by a strict scheme (seqeval's `mode="strict"`); by default as conlleval does. */
  readonly scheme?: EntityScheme | undefined;
  /**
   * What counts: whole entities, or each word whose tag is not "O". Default: entities where every tag is of a scheme,
   * else words.
   */
  readonly scoreBy?: "entity" | "word" | undefined;
}

/** How entities, or words, are found for the score. Throws TrainerOptionError for a tag that the scheme has not. */
function spansOf(options: TokenEvaluationOptions, names: readonly string[]): (tags: readonly string[]) => TagSpan[] {
  const { scheme, scoreBy = scheme || tagOutsideSchemes(names) === undefined ? "entity" : "word" } = options;
  if (scoreBy !== "entity" && scoreBy !== "word") {
    throw new TrainerOptionError("scoreBy", scoreBy, "choose entity or word");
  }
  if (scheme === undefined) return scoreBy === "entity" ? entitySpans : wordSpans;
  if (scoreBy === "word") throw new TrainerOptionError("scheme", scheme, "a scheme tells entities, not words");
  const spans = schemeSpans(scheme);
  try {
    // Now, and not after the first epoch.
    for (const name of names) spans([name]);
  } catch (error) {
    throw new TrainerOptionError("scheme", scheme, (error as Error).message);
  }
  return spans;
}

/**
 * Measures a tagger by whole entities or chunks, as seqeval counts them: `loss`, `precision`, `recall`, `f1`, and
 * `accuracy` of the words. Where tags are of no scheme, each word with a tag but "O" counts alone, as in sklearn's micro
 * average over all tags but "O". Words that a row had no room for count as "O", those tagged -100 not at all.
 * Where a word has several tags that are more or less likely, the likeliest is its tag.
 * @throws TrainerOptionError for a scheme that has not the tags.
 */
export function evaluateTokenClassification(
  model: Forward<TokenClassificationInputs, TokenClassificationOutput, TokenClassificationBatch, RaggedLogits>,
  collator: Collator<TokenExample, TokenBatch>,
  options: TokenEvaluationOptions,
): Evaluate {
  const { labels, names = labels.names, unpadded = false } = options;
  const spans = spansOf(options, names);
  const nameOf = (tag: string): string => names[labels.get(tag) ?? -1] ?? tag;
  return async (call) => {
    const loss = new MeanLoss();
    const metric = new EntityMetric({ spans });
    await eachBatch(options, collator, call, async (batch, examples) => {
      const outputs = await rowOutputs(model, batch, ["logits"], { ...call, loss, unpadded, perToken: true });
      for (const [i, { tags }] of examples.entries()) {
        if (!tags) continue;
        const counts = (_: string, word: number): boolean => tags[word] !== IGNORED_TAG;
        const classes = argmaxRows(outputs[i]!.logits, model.config.num_labels);
        const predicted = wordTags(batch.wordStarts[i]!, classes, labels);
        metric.update([predicted.filter(counts).map(nameOf)], [tags.map(likeliestTag).filter(counts).map(nameOf)]);
      }
    });
    const { micro, accuracy } = metric.compute();
    return { ...loss.metric, ...micro, accuracy };
  };
}
