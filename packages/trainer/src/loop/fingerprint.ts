import type { ConvBertInputs } from "@convbert/model";
import type { Fingerprint } from "../checkpoint/state.js";
import type { CheckedOptions } from "./checked-options.js";
import type { TrainerOptions } from "./options.js";

/** Everything of the options that decides a run's course. */
export function fingerprintOf<Example, Inputs extends ConvBertInputs>(
  options: TrainerOptions<Example, Inputs>,
  checked: CheckedOptions,
  totalSteps: number,
): Fingerprint {
  const { tokenBudget, groupByLength, metric, greaterIsBetter } = options;
  const { schedule = "linear", warmupSteps, warmupRatio, cycles, power, endLearningRate, timescale, plateau } = options;
  const { optimizer = "adamw", betas, epsilon, momentum, nesterov, adafactor } = options;
  const { weightDecay = 0.01, noDecay, layerDecay } = options;
  const {
    freeze,
    maxGradientNorm = 1,
    dropout = true,
    unpadded = false,
    classWeights,
    labelSmoothing,
    train,
    model,
  } = options;
  const { keepCheckpoints: _, checkpointEvery: __, ...course } = checked;
  return {
    ...course,
    ...{ totalSteps, examples: train.length, tokenBudget, groupByLength },
    ...{ schedule, warmupSteps, warmupRatio, cycles, power, endLearningRate, timescale, plateau },
    ...{ metric, greaterIsBetter, optimizer, betas, epsilon, momentum, nesterov, adafactor },
    ...{ weightDecay, noDecay, layerDecay },
    ...{
      freeze,
      maxGradientNorm,
      dropout,
      unpadded,
      classWeights: classWeights && Array.from(classWeights),
      labelSmoothing,
    },
    model: { ...model.config.toJSON() },
    ...options.fingerprint,
  };
}
