import { type ArrayInput, InputError } from "@convbert/model";
import {
  activate,
  add,
  crossEntropy,
  mean,
  meanSquaredError,
  normalizeRows,
  rowDots,
  rowProducts,
  scale,
  subtract,
  Tensor,
} from "@convbert/tensor";
import { activationKind } from "@convbert/tensor/internal";
import { floatLabels } from "./labels.js";

/** What a sentence encoder learns from; `kind` says what a batch is. */
export type SentenceLoss = RegressionLoss | PairsLoss | ScoresLoss | TripletsLoss;

/** To come close to given vectors, a teacher's: single texts, with their vectors as labels. */
export interface RegressionLoss {
  readonly kind: "regression";
  /**
   * How much the dot products of the batch's texts with each other count beside the vectors, which is what searching
   * compares; default 0.
   */
  readonly relations?: number;
}

/** Each first text shall find its own second text among all second texts of the batch, and all third ones where given. */
export interface PairsLoss {
  readonly kind: "pairs";
  /** Multiplies the cosines before the softmax; default 20. */
  readonly scale?: number;
}

/** The cosine of two texts shall be their score, from -1 to 1. */
export interface ScoresLoss {
  readonly kind: "scores";
}

/** The second text shall be nearer to the first than the third one is. */
export interface TripletsLoss {
  readonly kind: "triplets";
  /** By how much the cosines shall differ; default 0.5. */
  readonly margin?: number;
}

/** Texts of an example, the fewest and the most, and what the labels are. */
const FORMS = {
  regression: { texts: [1, 1], labels: "a vector for each text" },
  pairs: { texts: [2, 3], labels: null },
  scores: { texts: [2, 2], labels: "a score for each pair" },
  triplets: { texts: [3, 3], labels: null },
} as const;

/**
 * The loss of vectors `[texts * examples, size]`, the first texts of all examples before the second ones. Throws InputError
 * for what does not fit.
 *
 * - Regression: the mean squared distance to the wanted vectors, `mean |v - t|²`, which of vectors of length 1 is
 *   `2 - 2 cos`; with `relations` besides that many times the mean over pairs of `(v_i · v_j - t_i · t_j)²`.
 * - Pairs: cross-entropy of `scale * cos(a_i, b_j)` over j with the target i (multiple negatives ranking,
 *   Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply", section 4.4).
 * - Scores: mean of `(cos(a, b) - score)²`.
 * - Triplets: mean of `max(0, cos(a, c) - cos(a, b) + margin)`.
 */
export function sentenceLoss(
  loss: SentenceLoss,
  vectors: Tensor<"float32">,
  { labels, texts_per_example: texts }: { labels: ArrayInput | null | undefined; texts_per_example: number },
): Tensor<"float32"> {
  const form = FORMS[loss.kind];
  if (form === undefined) throw new InputError("loss", `there is no ${JSON.stringify(loss.kind)}`);
  const rows = vectors.extent(0);
  const [least, most] = form.texts;
  if (!(texts >= least && texts <= most) || rows % texts !== 0) {
    const wanted = least === most ? String(least) : `${least} or ${most}`;
    throw new InputError("texts_per_example", `${loss.kind} needs ${wanted}, of ${rows} rows; got ${texts}`);
  }
  if (form.labels !== null && labels == null) throw new InputError("labels", `${loss.kind} needs ${form.labels}`);
  if (loss.kind === "regression") return regression(loss, vectors, labels!);
  const count = rows / texts;
  // Of vectors that have length 1 already the gradient stays what it is.
  const unit = normalizeRows(vectors);
  const part = (first: number, end = first + 1) => unit.slice(0, first * count, end * count);
  switch (loss.kind) {
    case "pairs": {
      const { scale: factor = 20 } = loss;
      const own = Tensor.from(
        vectors.backend,
        Int32Array.from({ length: count }, (_, i) => i),
        [count],
        "int32",
      );
      return crossEntropy(scale(rowProducts(part(0), part(1, texts)), factor), own);
    }
    case "scores":
      return meanSquaredError(rowDots(part(0), part(1)), floatLabels(vectors.backend, "labels", labels!, [count]));
    case "triplets": {
      const margin = Tensor.from(vectors.backend, new Float32Array(count).fill(loss.margin ?? 0.5));
      const apart = subtract(rowDots(part(0), part(2)), rowDots(part(0), part(1)));
      return mean(activate(add(apart, margin), activationKind("relu")));
    }
  }
}

function regression(
  { relations = 0 }: RegressionLoss,
  vectors: Tensor<"float32">,
  labels: ArrayInput,
): Tensor<"float32"> {
  const wanted = floatLabels(vectors.backend, "labels", labels, vectors.shape).reshape(vectors.shape);
  const distance = scale(meanSquaredError(vectors, wanted), vectors.extent(-1));
  if (relations === 0) return distance;
  const apart = meanSquaredError(rowProducts(vectors, vectors), rowProducts(wanted, wanted));
  return add(distance, scale(apart, relations));
}
