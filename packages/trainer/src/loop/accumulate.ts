import type { ConvBertInputs } from "@convbert/model";
import { seededRandom } from "@convbert/tensor/internal";
import type { Learner } from "../optimize/learner.js";
import type { TrainerOptions, TrainingBatch } from "./options.js";
import type { EpochPlan } from "./plan.js";
import { shareOf } from "./shares.js";

/** Seeds the batches' generators apart from the orders'. */
const COLLATE_STREAM = 1;

/** Which batches make a step. */
export interface StepBatches {
  readonly plan: EpochPlan;
  /** The first one's position in its epoch. */
  readonly first: number;
  readonly count: number;
  /** Batches of the run before it. */
  readonly batchesSeen: number;
  readonly seed: number;
}

/** The gradients of a step: those of the mean loss over all labels of its batches. */
export async function accumulateStep<Example, Inputs extends ConvBertInputs>(
  learner: Learner<Inputs>,
  options: TrainerOptions<Example, Inputs>,
  { plan, first, count, batchesSeen, seed }: StepBatches,
): Promise<{ loss: number; tokens: number; targets: number }> {
  const { signal, train, collate, classWeights, unpadded = false } = options;
  const batches: TrainingBatch<Inputs>[] = [];
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    const examples: Example[] = [];
    for (const index of plan.batch(first + i)) examples.push(await train.get(index));
    batches.push(await collate(examples, seededRandom(seed, COLLATE_STREAM, batchesSeen + i)));
  }
  const shares = batches.map((one) => shareOf(one, classWeights));
  const targets = shares.reduce((total, share) => total + share, 0);
  let loss = 0;
  try {
    for (const [i, one] of batches.entries()) {
      if (shares[i] === 0) continue;
      // Also after batches that were passed over, so that each has its own dropout.
      learner.batchesSeen = batchesSeen + i;
      const weight = shares[i]! / targets;
      loss += (await learner.accumulate((unpadded && one.sequences) || one.inputs, weight, signal)) * weight;
    }
  } catch (error) {
    // What a part of the step has added would count twice.
    learner.gradients.zero();
    throw error;
  }
  return { loss, tokens: batches.reduce((total, one) => total + one.tokens, 0), targets };
}
