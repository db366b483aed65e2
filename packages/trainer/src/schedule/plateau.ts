import { TrainerOptionError } from "../option-error.js";
import type { ScheduleName } from "./schedule.js";

/** When the rate falls (torch's `ReduceLROnPlateau`, whose defaults these are). */
export interface PlateauOptions {
  /** What the rate is multiplied by; default 0.1. */
  readonly factor?: number;
  /** Evaluations without a better score that are let pass; default 10. */
  readonly patience?: number;
  /** By how much a score must be better to count, default 1e-4: a part of the best one, or an amount. */
  readonly threshold?: number;
  /** Default "rel". */
  readonly thresholdMode?: "rel" | "abs";
  /** Evaluations after a fall that do not count; default 0. */
  readonly cooldown?: number;
  /** Default 0. */
  readonly minLearningRate?: number;
  /** Falls of no more than this are left out; default 1e-8. */
  readonly epsilon?: number;
}

/** Where such a schedule stands. */
export interface PlateauState {
  /** Of the learning rate. */
  readonly factor: number;
  /** The best score; null before there is one. */
  readonly best: number | null;
  readonly badEvaluations: number;
  readonly cooldown: number;
}

const INITIAL: PlateauState = { factor: 1, best: null, badEvaluations: 0, cooldown: 0 };

/** The state after an evaluation; null for the schedules that follow the steps alone. */
export function afterEvaluation(
  state: PlateauState | null,
  evaluation: { readonly score: number; readonly greaterIsBetter: boolean },
  options: {
    readonly schedule?: ScheduleName | undefined;
    readonly learningRate?: number | undefined;
    readonly plateau?: PlateauOptions | undefined;
  },
): PlateauState | null {
  if (options.schedule !== "reduce_lr_on_plateau") return null;
  const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0, epsilon = 1e-8 } = options.plateau ?? {};
  const before = state ?? INITIAL;
  const isBetter = beats(evaluation, before.best, options.plateau);
  const isCooling = before.cooldown > 0;
  const bad = isBetter || isCooling ? 0 : before.badEvaluations + 1;
  const after: PlateauState = {
    factor: before.factor,
    best: isBetter ? evaluation.score : before.best,
    badEvaluations: bad,
    cooldown: isCooling ? before.cooldown - 1 : 0,
  };
  if (bad <= patience) return after;
  const { learningRate = 5e-4 } = options;
  const rate = learningRate * before.factor;
  const lower = Math.max(rate * factor, minLearningRate);
  return {
    ...after,
    factor: rate - lower > epsilon ? lower / learningRate : before.factor,
    badEvaluations: 0,
    cooldown,
  };
}

function beats(
  { score, greaterIsBetter }: { readonly score: number; readonly greaterIsBetter: boolean },
  best: number | null,
  { threshold = 1e-4, thresholdMode = "rel" }: PlateauOptions = {},
): boolean {
  if (best === null) return !Number.isNaN(score);
  const sign = greaterIsBetter ? 1 : -1;
  const bar = thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold;
  return greaterIsBetter ? score > bar : score < bar;
}

/** Throws TrainerOptionError for options out of range. */
export function checkPlateau(options: PlateauOptions): void {
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, minLearningRate = 0, epsilon = 1e-8 } = options;
  const { thresholdMode = "rel" } = options;
  if (!(factor > 0 && factor < 1)) {
    throw new TrainerOptionError("plateau.factor", factor, "give a number above 0 and below 1");
  }
  for (const [name, value] of Object.entries({ patience, cooldown })) {
    if (!(Number.isSafeInteger(value) && value >= 0)) {
      throw new TrainerOptionError(`plateau.${name}`, value, "give a whole number from 0 on");
    }
  }
  for (const [name, value] of Object.entries({ threshold, minLearningRate, epsilon })) {
    if (!(Number.isFinite(value) && value >= 0)) {
      throw new TrainerOptionError(`plateau.${name}`, value, "give a number of at least 0");
    }
  }
  if (thresholdMode !== "rel" && thresholdMode !== "abs") {
    throw new TrainerOptionError("plateau.thresholdMode", thresholdMode, "choose rel or abs");
  }
}
