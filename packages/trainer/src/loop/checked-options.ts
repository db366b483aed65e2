import type { ConvBertInputs } from "@convbert/model";
import { TrainerOptionError } from "../option-error.js";
import { checkPlateau } from "../schedule/plateau.js";
import type { Interval, TrainerOptions } from "./options.js";

/** Options with their defaults. */
export interface CheckedOptions {
  readonly epochs: number;
  readonly steps: number | undefined;
  readonly batchSize: number;
  readonly gradientAccumulation: number;
  readonly shuffle: boolean;
  readonly learningRate: number;
  readonly evaluateEvery: Interval;
  readonly patience: number | undefined;
  readonly keepBest: boolean;
  readonly checkpointEvery: Interval;
  readonly keepCheckpoints: number;
  readonly seed: number;
}

/** Throws TrainerOptionError for values out of range. */
export function checkedOptions<Example, Inputs extends ConvBertInputs>(
  options: TrainerOptions<Example, Inputs>,
): CheckedOptions {
  const { epochs = 3, steps, batchSize = 32, tokenBudget, gradientAccumulation = 1, learningRate = 5e-4 } = options;
  const { evaluateEvery = "epoch", checkpointEvery = "epoch", keepCheckpoints = 1, patience, seed = 0 } = options;
  const counts = { epochs, steps, batchSize, tokenBudget, gradientAccumulation, keepCheckpoints, patience };
  for (const [name, value] of Object.entries({ ...counts, evaluateEvery, checkpointEvery })) {
    const isNamed = value === undefined || value === "epoch";
    if (!isNamed && !(Number.isSafeInteger(value) && value > 0)) {
      const named = name.endsWith("Every") ? ', or "epoch"' : "";
      throw new TrainerOptionError(name, value, `give a whole number from 1 on${named}`);
    }
  }
  checkMeasured(options);
  checkPlateau(options.plateau ?? {});
  if (!(Number.isFinite(learningRate) && learningRate > 0)) {
    throw new TrainerOptionError("learningRate", learningRate, "give a number above 0");
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new TrainerOptionError("seed", seed, "give a whole number from 0 on");
  }
  return {
    epochs,
    steps,
    batchSize,
    gradientAccumulation,
    shuffle: options.shuffle ?? true,
    learningRate,
    evaluateEvery,
    patience,
    keepBest: options.keepBest ?? true,
    checkpointEvery,
    keepCheckpoints,
    seed,
  };
}

/** Options that look at evaluations make no sense without any. */
function checkMeasured<Example, Inputs extends ConvBertInputs>({
  evaluate,
  patience,
  metric,
  greaterIsBetter,
  schedule,
}: TrainerOptions<Example, Inputs>): void {
  if (evaluate !== undefined) return;
  const plateau = schedule === "reduce_lr_on_plateau" ? schedule : undefined;
  for (const [name, value] of Object.entries({ patience, metric, greaterIsBetter, schedule: plateau })) {
    if (value !== undefined) throw new TrainerOptionError(name, value, "it needs evaluate, which measures the model");
  }
}
