import type { ConvBertInputs } from "@convbert/model";
import { learningRateSchedule, type Schedule } from "../schedule/schedule.js";
import type { CheckedOptions } from "./checked-options.js";
import type { TrainerOptions } from "./options.js";
import { Planner } from "./plan.js";

/** Which examples make which batch, how many steps there are, and the rate of each. */
export interface PlannedCourse<Example> {
  readonly planner: Planner<Example>;
  readonly schedule: Schedule;
  readonly totalSteps: number;
}

/** Plans a run. Throws TrainerOptionError, and the signal's reason when it aborts. */
export async function planCourse<Example, Inputs extends ConvBertInputs>(
  options: TrainerOptions<Example, Inputs>,
  { seed, shuffle, batchSize, steps, epochs, gradientAccumulation, learningRate }: CheckedOptions,
): Promise<PlannedCourse<Example>> {
  const { train, tokenBudget, groupByLength, lengthOf, signal } = options;
  const planned = { shuffle, seed, batchSize, tokenBudget, groupByLength, lengthOf };
  const planner = await Planner.create(train, planned, signal);
  const totalSteps = steps ?? stepsOf(planner, epochs, gradientAccumulation);
  const { warmupSteps, warmupRatio = options.schedule === "reduce_lr_on_plateau" ? 0 : 0.1 } = options;
  const schedule = learningRateSchedule({
    ...options,
    learningRate,
    totalSteps,
    warmupSteps,
    warmupRatio: warmupSteps === undefined ? warmupRatio : undefined,
  });
  return { planner, schedule, totalSteps };
}

function stepsOf(planner: Planner<never>, epochs: number, gradientAccumulation: number): number {
  let steps = 0;
  for (let epoch = 0; epoch < epochs; epoch++) steps += Math.ceil(planner.epoch(epoch).batches / gradientAccumulation);
  return steps;
}
