import type { ArrayInput } from "@convbert/model";
import { integers, isIntegral } from "@convbert/model/internal";
import type { TrainingBatch } from "./options.js";

/**
 * What the mean loss of a batch counts in its step, so that a step of several batches is that of one large batch: the
 * number of its labels, or the sum of their classes' weights, which a weighted mean is divided by.
 */
export function shareOf(
  { inputs, targets }: TrainingBatch<object>,
  classWeights: ArrayLike<number> | null | undefined,
): number {
  const { labels } = inputs as { readonly labels?: ArrayInput | null };
  // Labels that are no classes have no weights.
  if (classWeights == null || labels == null || targets === 0 || !isIntegral(labels)) {
    return targets;
  }
  let sum = 0;
  for (const label of integers("labels", labels).values) {
    // -100 and labels that are no class; the loss refuses the latter.
    sum += classWeights[label] ?? 0;
  }
  return sum;
}
