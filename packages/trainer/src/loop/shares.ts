import type { ArrayInput } from "@convbert/model";
import { integers, isIntegral } from "@convbert/model/internal";
import type { TrainingBatch } from "./options.js";

/**
 * What the mean loss of a batch counts in its step, so that a step of several batches is that of one large batch: the
 * number of its labels, or the sum of their classes' weights, which a weighted mean is divided by.
 */
export function shareOf(batch: TrainingBatch<object>, classWeights: ArrayLike<number> | null | undefined): number {
  const { targets } = batch;
  if (classWeights == null || targets === 0) return targets;
  const { labels: given } = (batch.sequences ?? batch.inputs) as { readonly labels?: ArrayInput | Int32Array | null };
  const labels = ArrayBuffer.isView(given) ? { data: given, shape: [given.length] } : given;
  // Labels that are no classes have no weights.
  if (labels == null || !isIntegral(labels)) {
    return targets;
  }
  let sum = 0;
  for (const label of integers("labels", labels).values) {
    // -100 and labels that are no class; the loss refuses the latter.
    sum += classWeights[label] ?? 0;
  }
  return sum;
}
