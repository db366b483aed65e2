import type { BestEvaluation } from "../checkpoint/state.js";
import { TrainerOptionError } from "../option-error.js";

export type Metrics = Readonly<Record<string, number>>;

/** The metric that decides which weights are best. */
export interface DecidingScore {
  readonly metric: string;
  readonly score: number;
  readonly greaterIsBetter: boolean;
}

/** Metrics that are better when they are smaller. */
const SMALLER = /loss|perplexity|error/i;

/** The metric that decides, and its value. Throws TrainerOptionError where it is not measured. */
export function decidingScore(metrics: Metrics, wanted: string | undefined, greater?: boolean): DecidingScore {
  const names = Object.keys(metrics);
  const metric = wanted ?? (names.length === 1 ? names[0]! : "loss");
  const score = metrics[metric];
  if (score === undefined) {
    throw new TrainerOptionError("metric", metric, `the evaluation measures ${names.join(", ") || "nothing"}`);
  }
  return { metric, score, greaterIsBetter: greater ?? !SMALLER.test(metric) };
}

/**
 * Whether a score is higher than the best one so far, and whether its evaluation is the best: of equal scores, or where
 * neither can be computed (a correlation of numbers that do not vary is NaN), the one with the smaller loss is.
 */
export function compareScores(
  { score, greaterIsBetter }: DecidingScore,
  metrics: Metrics,
  best: BestEvaluation | null,
): { readonly isHigher: boolean; readonly isBest: boolean } {
  if (best === null) return { isHigher: !Number.isNaN(score), isBest: true };
  const [own, other] = [score, best.score].map((value) => worth(value, greaterIsBetter)) as [number, number];
  const isHigher = own > other;
  const [loss, bestLoss] = [metrics["loss"], best.metrics["loss"]];
  const hasSmallerLoss = loss !== undefined && bestLoss !== undefined && loss < bestLoss;
  return { isHigher, isBest: isHigher || (own === other && hasSmallerLoss) };
}

/** A score of which more is better; what is no number is worth least. */
function worth(score: number, greaterIsBetter: boolean): number {
  if (Number.isNaN(score)) return Number.NEGATIVE_INFINITY;
  return greaterIsBetter ? score : -score;
}
