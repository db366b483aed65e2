import type { ConvBertInputs, SequenceBatch } from "@convbert/model";
import type { CheckpointStorage } from "../checkpoint/storage.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { RandomSource } from "../data/random.js";
import type { LearnerOptions, TrainableModel } from "../optimize/learner.js";
import type { RunLog } from "../report/log.js";
import type { PlateauOptions } from "../schedule/plateau.js";
import type { ScheduleName } from "../schedule/schedule.js";
import type { TrainerCallback } from "./callbacks.js";
import type { TrainerEvent } from "./events.js";

/**
 * Makes a batch of examples. What is random about it (masks) comes from the generator alone, which depends on the run's
 * seed and the number of the batch, so that a run repeats exactly.
 */
export type Collate<Example, Inputs> = (
  examples: readonly Example[],
  random: RandomSource,
) => TrainingBatch<Inputs> | Promise<TrainingBatch<Inputs>>;

/** A batch as the collators make it. */
export interface TrainingBatch<Inputs> {
  /** Padded. */
  readonly inputs: Inputs;
  /** Without padding, which is what runs where the options say `unpadded`; by default it is taken out of `inputs`. */
  readonly sequences?: SequenceBatch;
  /** How many rows `sequences` are; as many as they by default. */
  readonly rows?: number;
  /** Tokens, padding left out. */
  readonly tokens: number;
  /** Labels that count: the batch's share of its step. A batch without any is passed over. */
  readonly targets: number;
}

/** Measures the model on held-out examples: a number for each metric. */
export type Evaluate = (options: {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}) => Promise<Readonly<Record<string, number>>>;

/** When something is done: after each epoch, or after so many steps. */
export type Interval = "epoch" | number;

export interface TrainerOptions<Example, Inputs extends ConvBertInputs> extends LearnerOptions {
  readonly model: TrainableModel<Inputs>;
  readonly train: IndexedDataset<Example>;
  readonly collate: Collate<Example, Inputs>;
  /** Default none: nothing is measured, and the last weights are the result. */
  readonly evaluate?: Evaluate | undefined;

  /** Of the whole run; default 3. `steps` wins. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** Examples of a batch; default 32. */
  readonly batchSize?: number | undefined;
  /**
   * In place of `batchSize`: as many examples as fit when all are as long as the longest of them. Lengths are those
   * that `lengthOf` gives. At least one example a batch.
   */
  readonly tokenBudget?: number | undefined;
  /**
   * Makes batches of examples that are about as long as each other, in another order each epoch: less padding, as the
   * reference's `group_by_length` does it. The longest batch comes first. Needs `lengthOf`. Default false.
   */
  readonly groupByLength?: boolean | undefined;
  /** Tokens of an example; needed for `tokenBudget` and `groupByLength`. */
  readonly lengthOf?: ((example: Example) => number) | undefined;
  /** Batches whose gradients make a step, as if they were one; default 1. */
  readonly gradientAccumulation?: number | undefined;
  /** Default true: another order each epoch. */
  readonly shuffle?: boolean | undefined;

  /** Default 5e-4, which suits small models from random weights; 1e-4 and less for pretrained ones. */
  readonly learningRate?: number | undefined;
  /** Default "linear". */
  readonly schedule?: ScheduleName | undefined;
  readonly warmupSteps?: number | undefined;
  /** Default 0.1, where `warmupSteps` is not given. */
  readonly warmupRatio?: number | undefined;
  /** See `ScheduleOptions`. */
  readonly cycles?: number | undefined;
  /** See `ScheduleOptions`. */
  readonly power?: number | undefined;
  /** See `ScheduleOptions`. */
  readonly endLearningRate?: number | undefined;
  /** See `ScheduleOptions`. */
  readonly timescale?: number | undefined;
  /** Of the schedule "reduce_lr_on_plateau", which looks at the metric that decides. */
  readonly plateau?: PlateauOptions | undefined;

  /** Default "epoch"; the end of the run is always evaluated. */
  readonly evaluateEvery?: Interval | undefined;
  /** The metric that decides which weights are best; default "loss", or the only one. */
  readonly metric?: string | undefined;
  /** Default: whether the metric is none of loss, perplexity and errors. */
  readonly greaterIsBetter?: boolean | undefined;
  /** Stop after so many evaluations without a better score; default never. Needs `evaluate`. */
  readonly patience?: number | undefined;
  /** End with the weights of the best evaluation, of equal scores that of the smaller loss; default true. */
  readonly keepBest?: boolean | undefined;

  readonly checkpoints?: CheckpointStorage | undefined;
  /** Default "epoch", where `checkpoints` are given. */
  readonly checkpointEvery?: Interval | undefined;
  /** Newest checkpoints that stay, besides the best; default 1. */
  readonly keepCheckpoints?: number | undefined;
  /**
   * Go on from the newest checkpoint; a run without any begins anew. A run that is done goes on where it has more epochs
   * or steps now than it had, along the longer schedule. Default false, which needs empty `checkpoints`.
   */
  readonly resume?: boolean | undefined;
  /** Begin anew: the checkpoints and the log of an earlier run go once all options are known to be right. Default false. */
  readonly overwrite?: boolean | undefined;
  /** More that a resumed run must have in common with the interrupted one, such as hashes of its files. */
  readonly fingerprint?: Readonly<Record<string, unknown>> | undefined;

  /** Gets a line for each step and evaluation. */
  readonly log?: RunLog | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TrainerEvent) => void) | undefined;
  /** Watch and steer the run. */
  readonly callbacks?: readonly TrainerCallback[] | undefined;
}
