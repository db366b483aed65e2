import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { exampleError } from "../collate/labels.js";
import type { SentenceExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { turnWhenDue } from "../loop/turn-when-due.js";
import { RegressionMetric } from "../metrics/regression.js";
import { TrainerOptionError } from "../option-error.js";
import { dot, type MeasuredEncoder, type SentenceEvaluationOptions, unitVectors } from "./sentence-vectors.js";

/**
 * Spearman's and Pearson's correlation of the cosines of pairs with their scores, as the STS tasks are measured. Each text
 * runs at its own length, as in the pipelines.
 */
export function evaluateSentencePairs(
  encoder: MeasuredEncoder,
  tokenizer: ConvBertTokenizerFast,
  { dataset, batchSize = 32, maxLength = encoder.config.max_position_embeddings }: SentenceEvaluationOptions,
): Evaluate {
  return async ({ signal, onProgress }) => {
    const metric = new RegressionMetric();
    let done = 0;
    let group: SentenceExample[] = [];
    const measure = async (): Promise<void> => {
      await turnWhenDue();
      const texts = group.flatMap((example) => example.texts);
      const vectors = await unitVectors(encoder, tokenizer, texts, { maxLength, signal });
      metric.update(
        group.map((_, i) => dot(vectors[2 * i]!, vectors[2 * i + 1]!)),
        group.map(({ score }) => score!),
      );
      done += group.length;
      onProgress?.(done, Math.max(done, dataset.length ?? 0));
      group = [];
    };
    for await (const example of dataset) {
      if (example.texts.length !== 2 || example.score === undefined) {
        throw exampleError(example, "evaluation by scores needs two texts and a score", "score");
      }
      group.push(example);
      if (group.length === batchSize) await measure();
    }
    if (group.length > 0) await measure();
    if (done === 0) throw new TrainerOptionError("evaluation data", 0, "there are no examples to evaluate on");
    const { spearman, pearson } = metric.compute();
    return { spearman, pearson };
  };
}
