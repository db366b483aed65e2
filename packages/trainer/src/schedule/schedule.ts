import { TrainerOptionError } from "../option-error.js";

/** A learning rate's factor: maps the number of optimizer steps done (0 for the first step) to a factor of the base rate. */
export type Schedule = (step: number) => number;

export type ScheduleName = "linear" | "cosine" | "cosine_with_restarts" | "constant";

/** How a learning rate changes over the steps of a run. */
export interface ScheduleOptions {
  /** Default "linear". */
  readonly schedule?: ScheduleName;
  /** Optimizer steps of the run. "constant" needs none unless the warm-up is a ratio. */
  readonly totalSteps?: number;
  /** Steps over which the rate rises from 0. Default 0; wins over `warmupRatio`. */
  readonly warmupSteps?: number;
  /** The warm-up as a part of `totalSteps`, from 0 to 1, rounded up as in the reference's `TrainingArguments`. */
  readonly warmupRatio?: number;
  /**
   * "cosine": waves over the run, 0.5 (the default) falls once to 0; "cosine_with_restarts": the number of falls from 1
   * to 0, a whole number, default 1.
   */
  readonly cycles?: number;
}

const NAMES: readonly ScheduleName[] = ["linear", "cosine", "cosine_with_restarts", "constant"];

/**
 * The factor of the learning rate for each step, a pure function (the reference's `get_linear_schedule_with_warmup`,
 * `get_cosine_schedule_with_warmup`, `get_cosine_with_hard_restarts_schedule_with_warmup` and
 * `get_constant_schedule_with_warmup` of `transformers/optimization.py`). As there, the first step of a warm-up has
 * rate 0. Throws TrainerOptionError for options out of range.
 */
export function learningRateSchedule(options: ScheduleOptions = {}): Schedule {
  const name = options.schedule ?? "linear";
  if (!NAMES.includes(name)) throw new TrainerOptionError("schedule", name, `choose one of ${NAMES.join(", ")}`);
  const total = options.totalSteps;
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 0)) {
    throw new TrainerOptionError("totalSteps", total, "give a whole number from 0 on");
  }
  if (total === undefined && name !== "constant") {
    throw new TrainerOptionError("totalSteps", total, `the ${name} schedule needs the number of steps of the run`);
  }
  const warmup = warmupOf(options, total);
  const rising = (step: number): number => step / Math.max(1, warmup);
  if (name === "constant") return (step) => (step < warmup ? rising(step) : 1);

  const last = total!;
  const progress = (step: number): number => (step - warmup) / Math.max(1, last - warmup);
  if (name === "linear") {
    return (step) => (step < warmup ? rising(step) : Math.max(0, (last - step) / Math.max(1, last - warmup)));
  }
  const cycles = options.cycles ?? (name === "cosine" ? 0.5 : 1);
  if (!(Number.isFinite(cycles) && cycles > 0)) throw new TrainerOptionError("cycles", cycles, "give a number above 0");
  if (name === "cosine") {
    return (step) =>
      step < warmup ? rising(step) : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress(step))));
  }
  return (step) => {
    if (step < warmup) return rising(step);
    const done = progress(step);
    return done >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((cycles * done) % 1))));
  };
}

function warmupOf({ warmupSteps, warmupRatio }: ScheduleOptions, total: number | undefined): number {
  if (warmupSteps !== undefined) {
    if (Number.isSafeInteger(warmupSteps) && warmupSteps >= 0) return warmupSteps;
    throw new TrainerOptionError("warmupSteps", warmupSteps, "give a whole number from 0 on");
  }
  if (warmupRatio === undefined) return 0;
  if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
    throw new TrainerOptionError("warmupRatio", warmupRatio, "give a number from 0 to 1");
  }
  if (total === undefined) throw new TrainerOptionError("warmupRatio", warmupRatio, "it needs totalSteps");
  return Math.ceil(total * warmupRatio);
}
