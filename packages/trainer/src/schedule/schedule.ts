import { TrainerOptionError } from "../option-error.js";

/** A learning rate's factor: maps the number of optimizer steps done (0 for the first step) to a factor of the base rate. */
export type Schedule = (step: number) => number;

/** Names of the schedules, those of the reference. */
export const SCHEDULE_NAMES = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "constant",
  "inverse_sqrt",
  "reduce_lr_on_plateau",
] as const;

export type ScheduleName = (typeof SCHEDULE_NAMES)[number];

/** How a learning rate changes over the steps of a run. */
export interface ScheduleOptions {
  /** Default "linear". */
  readonly schedule?: ScheduleName | undefined;
  /** Optimizer steps of the run. "constant", "inverse_sqrt" and "reduce_lr_on_plateau" need none unless the warm-up is a ratio. */
  readonly totalSteps?: number | undefined;
  /** Steps over which the rate rises from 0. Default 0; wins over `warmupRatio`. */
  readonly warmupSteps?: number | undefined;
  /** The warm-up as a part of `totalSteps`, from 0 to 1, rounded up as in the reference's `TrainingArguments`. */
  readonly warmupRatio?: number | undefined;
  /**
   * "cosine": waves over the run, 0.5 (the default) falls once to 0; "cosine_with_restarts": the number of falls from 1
   * to 0, a whole number, default 1.
   */
  readonly cycles?: number | undefined;
  /** "polynomial": of how far the run is from its end; default 1, a straight line. */
  readonly power?: number | undefined;
  /** "polynomial": the rate at the end, default 1e-7, below `learningRate`. */
  readonly endLearningRate?: number | undefined;
  /** The base rate, which "polynomial" needs for its end; default 5e-4. */
  readonly learningRate?: number | undefined;
  /** "inverse_sqrt": steps after which the rate has fallen by a square root of 2; default those of the warm-up, or 10,000. */
  readonly timescale?: number | undefined;
}

/** Those whose course does not depend on the length of the run. */
const ENDLESS: readonly ScheduleName[] = ["constant", "inverse_sqrt", "reduce_lr_on_plateau"];

/**
 * The factor of the learning rate for each step, a pure function (the reference's `get_linear_schedule_with_warmup`,
 * `get_cosine_schedule_with_warmup`, `get_cosine_with_hard_restarts_schedule_with_warmup`,
 * `get_polynomial_decay_schedule_with_warmup`, `get_inverse_sqrt_schedule` and `get_constant_schedule_with_warmup` of
 * `transformers/optimization.py`). As there, the first step of a warm-up has rate 0. "reduce_lr_on_plateau" is constant
 * but for what evaluations make of it, see `PlateauOptions`. Throws TrainerOptionError for options out of range.
 */
export function learningRateSchedule(options: ScheduleOptions = {}): Schedule {
  const name = options.schedule ?? "linear";
  if (!SCHEDULE_NAMES.includes(name))
    throw new TrainerOptionError("schedule", name, `choose one of ${SCHEDULE_NAMES.join(", ")}`);
  const total = options.totalSteps;
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 0)) {
    throw new TrainerOptionError("totalSteps", total, "give a whole number from 0 on");
  }
  if (total === undefined && !ENDLESS.includes(name)) {
    throw new TrainerOptionError("totalSteps", total, `the ${name} schedule needs the number of steps of the run`);
  }
  const warmup = warmupOf(options, total);
  const course = courseOf(name, options, warmup, total ?? 0);
  return (step) => (step < warmup ? step / Math.max(1, warmup) : course(step));
}

/** The course after the warm-up. */
function courseOf(name: ScheduleName, options: ScheduleOptions, warmup: number, last: number): Schedule {
  const progress = (step: number): number => (step - warmup) / Math.max(1, last - warmup);
  switch (name) {
    case "linear":
      return (step) => Math.max(0, (last - step) / Math.max(1, last - warmup));
    case "cosine": {
      const waves = positive("cycles", options.cycles ?? 0.5);
      return (step) => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * waves * 2 * progress(step))));
    }
    case "cosine_with_restarts": {
      const falls = positive("cycles", options.cycles ?? 1);
      return (step) => {
        const done = progress(step);
        return done >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((falls * done) % 1))));
      };
    }
    case "polynomial":
      return polynomial(options, warmup, last);
    case "inverse_sqrt": {
      const timescale = positive("timescale", options.timescale ?? (warmup || 10_000));
      return (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale);
    }
    default:
      return () => 1;
  }
}

function polynomial(options: ScheduleOptions, warmup: number, last: number): Schedule {
  const { learningRate: base = 5e-4, endLearningRate: end = 1e-7 } = options;
  const power = positive("power", options.power ?? 1);
  if (!(end >= 0 && end < base)) {
    throw new TrainerOptionError("endLearningRate", end, `give a number from 0 on, below the rate ${base}`);
  }
  return (step) => {
    if (step > last) return end / base;
    const left = 1 - (step - warmup) / (last - warmup || 1);
    return ((base - end) * left ** power + end) / base;
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new TrainerOptionError(name, value, "give a number above 0");
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
