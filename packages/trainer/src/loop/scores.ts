import type { BestEvaluation } from "../checkpoint/state.js";
import { TrainerOptionError } from "../option-error.js";

export type Metrics = Readonly<Record<string, number>>;

/** Metrics that are better when they are smaller. */
const SMALLER = /loss|perplexity|error/i;

/** The metric that decides which weights are best, and its value. Throws TrainerOptionError where it is not measured. */
export function decidingScore(metrics: Metrics, wanted: string | undefined): { metric: string; score: number } {
  const names = Object.keys(metrics);
  const metric = wanted ?? (names.length === 1 ? names[0]! : "loss");
  const score = metrics[metric];
  if (score === undefined) {
    throw new TrainerOptionError("metric", metric, `the evaluation measures ${names.join(", ") || "nothing"}`);
  }
  return { metric, score };
}

/** Whether a score beats the best one so far; NaN never does. */
export function isBetter(
  metric: string,
  score: number,
  best: BestEvaluation | null,
  greaterIsBetter = !SMALLER.test(metric),
): boolean {
  if (Number.isNaN(score)) return false;
  if (best === null || Number.isNaN(best.score)) return true;
  return greaterIsBetter ? score > best.score : score < best.score;
}
