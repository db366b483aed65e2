import type { ConvBertInputs } from "@convbert/model";
import { sizeOf } from "@convbert/tensor";
import {
  checkpointName,
  readCheckpoint,
  readCheckpointWeights,
  sortedCheckpoints,
  writeCheckpoint,
} from "../checkpoint/checkpoint.js";
import { CheckpointError } from "../checkpoint/error.js";
import { type Fingerprint, initialState, type TrainerState } from "../checkpoint/state.js";
import { seededRandom } from "../data/random.js";
import { trainedParameters } from "../optimize/groups.js";
import { Learner } from "../optimize/learner.js";
import { TrainerOptionError } from "../option-error.js";
import { learningRateSchedule, type Schedule } from "../schedule/schedule.js";
import { type CheckedOptions, checkedOptions } from "./checked-options.js";
import { DivergedError } from "./error.js";
import type { StepEvent, TrainerEvent } from "./events.js";
import { fingerprintOf } from "./fingerprint.js";
import type { Interval, TrainerOptions, TrainingBatch, TrainSummary } from "./options.js";
import { type EpochPlan, Planner } from "./plan.js";
import { decidingScore, isBetter } from "./scores.js";
import { shareOf } from "./shares.js";
import { Speed } from "./speed.js";
import { turn } from "./turn.js";

/** Seeds the batches' generators apart from the orders'. */
const COLLATE_STREAM = 1;

/**
 * The training loop: batches in a seeded order, steps of the optimizer along a schedule, evaluations, checkpoints, early
 * stopping. It runs wherever the model does, a browser's worker included. A run that was interrupted, by its signal or by
 * the end of its process at any moment, goes on with `resume` and comes to the same weights, bit for bit.
 */
export class Trainer<Example, Inputs extends ConvBertInputs> {
  readonly #options: TrainerOptions<Example, Inputs>;
  readonly #checked: CheckedOptions;
  readonly #speed = new Speed();
  #state: TrainerState = initialState();
  #fingerprint: Fingerprint = {};
  /** Weights of the best evaluation, where there is no storage for them. */
  #bestWeights: ReadonlyMap<string, Float32Array> | null = null;
  /** Whether the newest checkpoint has the state as it is. */
  #isSaved = false;
  #startedAt = 0;

  /** Throws TrainerOptionError for options out of range. */
  constructor(options: TrainerOptions<Example, Inputs>) {
    this.#options = options;
    this.#checked = checkedOptions(options);
  }

  /** Steps, epochs and scores so far. */
  get state(): Readonly<TrainerState> {
    return this.#state;
  }

  /**
   * Runs, or goes on with, the whole training; the model then has the result. Throws TrainerOptionError, CheckpointError,
   * DivergedError, errors of the data, and the signal's reason once a checkpoint is safe (where checkpoints are kept).
   */
  async train(): Promise<TrainSummary> {
    const { model, train, signal, checkpoints } = this.#options;
    const { seed, shuffle, batchSize } = this.#checked;
    signal?.throwIfAborted();
    using learner = new Learner<Inputs>(model, { ...this.#options, seed });
    const { tokenBudget, lengthOf } = this.#options;
    const planner = await Planner.create(train, { shuffle, seed, batchSize, tokenBudget, lengthOf }, signal);
    const totalSteps = this.#checked.steps ?? this.#countSteps(planner);
    const schedule = learningRateSchedule({
      ...(this.#options.schedule !== undefined && { schedule: this.#options.schedule }),
      ...(this.#options.cycles !== undefined && { cycles: this.#options.cycles }),
      totalSteps,
      ...(this.#options.warmupSteps !== undefined
        ? { warmupSteps: this.#options.warmupSteps }
        : { warmupRatio: this.#options.warmupRatio ?? 0.1 }),
    });
    this.#fingerprint = fingerprintOf(this.#options, this.#checked, totalSteps);
    const resumedFrom = await this.#resume(learner);
    this.#startedAt = performance.now();
    await this.#start(totalSteps, resumedFrom);
    try {
      await this.#run(learner, planner, schedule, totalSteps);
    } catch (error) {
      // The state is that between two steps, or before an evaluation; after a divergence the weights are not.
      if (signal?.aborted && checkpoints && !(error instanceof DivergedError)) await this.#save(learner);
      throw error;
    }
    return await this.#end();
  }

  async #run(learner: Learner<Inputs>, planner: Planner<Example>, schedule: Schedule, total: number): Promise<void> {
    const { evaluate, checkpoints } = this.#options;
    const state = this.#state;
    while (state.done === null) {
      let isSaveDue = false;
      // A run that goes on may have to begin with the evaluation that was interrupted.
      if (!state.evaluationDue && state.step < total) {
        const endsEpoch = await this.#step(learner, planner, schedule, total);
        const isDue = (every: Interval) => (every === "epoch" ? endsEpoch : state.step % every === 0);
        isSaveDue = isDue(this.#checked.checkpointEvery);
        if (evaluate && (isDue(this.#checked.evaluateEvery) || state.step >= total)) {
          this.#change({ evaluationDue: true });
        }
      }
      if (state.evaluationDue && (await this.#evaluate(planner))) {
        isSaveDue = true;
        if (!checkpoints && this.#checked.keepBest) this.#bestWeights = this.#copyWeights();
      }
      if (state.done === null && state.step >= total) this.#change({ done: "finished" });
      if (checkpoints && (isSaveDue || state.done !== null)) await this.#save(learner);
    }
  }

  /** One step of the optimizer; whether it is the last of its epoch. */
  async #step(
    learner: Learner<Inputs>,
    planner: Planner<Example>,
    schedule: Schedule,
    totalSteps: number,
  ): Promise<boolean> {
    const state = this.#state;
    await turn();
    const began = performance.now();
    const plan = planner.epoch(state.epoch);
    const count = Math.min(this.#checked.gradientAccumulation, plan.batches - state.batch);
    const { loss, tokens, targets } = await this.#accumulate(learner, plan, count);
    if (!Number.isFinite(loss)) throw new DivergedError(state.step + 1, "the loss", loss);
    const learningRate = this.#checked.learningRate * schedule(state.step);
    const gradientNorm = targets > 0 ? learner.step(learningRate) : 0;
    if (!Number.isFinite(gradientNorm)) {
      throw new DivergedError(state.step + 1, "the gradients' length", gradientNorm);
    }
    const endsEpoch = state.batch + count >= plan.batches;
    const seconds = (performance.now() - began) / 1000;
    this.#speed.add(seconds, tokens);
    this.#change({
      step: state.step + 1,
      updates: state.updates + (targets > 0 ? 1 : 0),
      epoch: endsEpoch ? state.epoch + 1 : state.epoch,
      batch: endsEpoch ? 0 : state.batch + count,
      batchesSeen: state.batchesSeen + count,
      tokens: state.tokens + tokens,
      lossSum: state.lossSum + loss,
      lossCount: state.lossCount + 1,
    });
    await this.#report({
      type: "step",
      step: state.step,
      totalSteps,
      epoch: state.epoch + state.batch / plan.batches,
      loss,
      learningRate,
      gradientNorm,
      tokens,
      tokensPerSecond: this.#speed.tokensPerSecond,
      secondsLeft: this.#speed.secondsPerStep * (totalSteps - state.step),
    });
    return endsEpoch;
  }

  /** The gradients of a step: those of the mean loss over all labels of its batches. */
  async #accumulate(
    learner: Learner<Inputs>,
    plan: EpochPlan,
    count: number,
  ): Promise<{ loss: number; tokens: number; targets: number }> {
    const { signal, train, collate } = this.#options;
    const { batch, batchesSeen } = this.#state;
    const batches: TrainingBatch<Inputs>[] = [];
    for (let i = 0; i < count; i++) {
      signal?.throwIfAborted();
      const examples: Example[] = [];
      for (const index of plan.batch(batch + i)) examples.push(await train.get(index));
      batches.push(await collate(examples, seededRandom(this.#checked.seed, COLLATE_STREAM, batchesSeen + i)));
    }
    const shares = batches.map((one) => shareOf(one, this.#options.classWeights));
    const targets = shares.reduce((total, share) => total + share, 0);
    let loss = 0;
    try {
      for (const [i, one] of batches.entries()) {
        if (shares[i] === 0) continue;
        // Also after batches that were passed over, so that each has its own dropout.
        learner.batchesSeen = batchesSeen + i;
        const weight = shares[i]! / targets;
        loss += (await learner.accumulate(one.inputs, weight, signal)) * weight;
      }
    } catch (error) {
      // What a part of the step has added would count twice.
      learner.gradients.zero();
      throw error;
    }
    return { loss, tokens: batches.reduce((total, one) => total + one.tokens, 0), targets };
  }

  /** Whether the score is the best so far. */
  async #evaluate(planner: Planner<Example>): Promise<boolean> {
    const { evaluate, signal, metric: wanted, greaterIsBetter, checkpoints } = this.#options;
    const state = this.#state;
    const began = performance.now();
    const metrics = await evaluate!({
      signal,
      onProgress: (done, total) => this.#options.onEvent?.({ type: "evaluating", done, total }),
    });
    const { metric, score } = decidingScore(metrics, wanted);
    const isBest = isBetter(metric, score, state.best, greaterIsBetter);
    const { patience } = this.#checked;
    const { step } = state;
    const epoch = state.epoch + (state.batch > 0 ? state.batch / planner.epoch(state.epoch).batches : 0);
    const checkpoint = isBest && checkpoints ? checkpointName(step, await checkpoints.list()) : null;
    const sinceBest = isBest ? 0 : state.sinceBest + 1;
    const trainLoss = state.lossCount > 0 ? state.lossSum / state.lossCount : null;
    this.#change({
      evaluationDue: false,
      lossSum: 0,
      lossCount: 0,
      sinceBest,
      ...(isBest && { best: { score, step, epoch, metrics, checkpoint } }),
      ...(patience !== undefined && sinceBest >= patience && { done: "stopped-early" }),
    });
    await this.#report({
      type: "evaluation",
      step,
      epoch,
      trainLoss,
      metrics,
      metric,
      score,
      isBest,
      seconds: (performance.now() - began) / 1000,
    });
    return isBest;
  }

  async #end(): Promise<TrainSummary> {
    const state = this.#state;
    const keptBest = this.#checked.keepBest && state.best !== null;
    if (keptBest && state.best?.step !== state.step) await this.#restoreBest();
    const summary: TrainSummary = {
      reason: state.done ?? "finished",
      steps: state.step,
      epochs: state.epoch,
      tokens: state.tokens,
      seconds: this.#seconds(),
      best: state.best,
      keptBest,
    };
    await this.#options.log?.sync();
    this.#options.onEvent?.({ type: "end", ...summary });
    return summary;
  }

  #copyWeights(): Map<string, Float32Array> {
    const own = [...this.#options.model.parameters()].filter(({ tiedTo }) => tiedTo === undefined);
    return new Map(own.map(({ name, read }) => [name, read()]));
  }

  async #restoreBest(): Promise<void> {
    const { model, checkpoints } = this.#options;
    const name = this.#state.best?.checkpoint;
    if (checkpoints && name) {
      await readCheckpointWeights(checkpoints, name, model);
      return;
    }
    for (const parameter of model.parameters()) {
      const values = this.#bestWeights?.get(parameter.name);
      if (values) parameter.write(0, values);
    }
  }

  /** Goes to the newest checkpoint; its name, or null for a new run. */
  async #resume(learner: Learner<Inputs>): Promise<string | null> {
    const { checkpoints, resume = false, log, model } = this.#options;
    const names = checkpoints ? sortedCheckpoints(await checkpoints.list()) : [];
    const newest = names.at(-1);
    if (!resume && newest !== undefined) {
      throw new CheckpointError("mismatch", newest, `${checkpoints!.location} has a run's checkpoints; resume it`);
    }
    if (resume && !checkpoints) throw new TrainerOptionError("resume", true, "it needs checkpoints");
    this.#state = initialState();
    if (newest !== undefined) {
      this.#state = await readCheckpoint(checkpoints!, newest, model, learner.optimizer, this.#fingerprint);
      this.#isSaved = true;
    }
    await log?.rewind(this.#state.logBytes).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CheckpointError("mismatch", newest ?? "(none)", `the log does not belong to it: ${reason}`, cause);
    });
    return newest ?? null;
  }

  /** Writes a checkpoint of the state as it is, unless the newest is one, and removes those that are too old. */
  async #save(learner: Learner<Inputs>): Promise<void> {
    const { model, log } = this.#options;
    const storage = this.#options.checkpoints!;
    const state = this.#state;
    if (this.#isSaved) return;
    state.logBytes = (await log?.sync()) ?? 0;
    const existing = sortedCheckpoints(await storage.list());
    const name = checkpointName(state.step, existing);
    await writeCheckpoint(
      storage,
      name,
      model,
      learner.optimizer,
      { ...state, seconds: this.#seconds() },
      this.#fingerprint,
    );
    this.#isSaved = true;
    const kept = new Set([...existing, name].slice(-this.#checked.keepCheckpoints));
    for (const old of existing) {
      if (!kept.has(old) && old !== state.best?.checkpoint) await storage.remove(old);
    }
    this.#options.onEvent?.({ type: "checkpoint", step: state.step, name, location: storage.location });
  }

  async #start(totalSteps: number, resumedFrom: string | null): Promise<void> {
    const trained = trainedParameters(this.#options.model, this.#options);
    const event: TrainerEvent = {
      type: "start",
      totalSteps,
      step: this.#state.step,
      epochs: this.#checked.epochs,
      resumedFrom,
      trainedParameters: trained.reduce((sum, { parameter }) => sum + sizeOf(parameter.shape), 0),
    };
    // The log begins once, however often the run goes on.
    if (resumedFrom === null) await this.#report(event);
    else this.#options.onEvent?.(event);
  }

  async #report(event: TrainerEvent): Promise<void> {
    await this.#options.log?.append(JSON.stringify(rounded(event)));
    this.#options.onEvent?.(event);
  }

  #change(changes: Partial<TrainerState>): void {
    Object.assign(this.#state, changes);
    this.#isSaved = false;
  }

  #seconds(): number {
    return this.#state.seconds + (performance.now() - this.#startedAt) / 1000;
  }

  #countSteps(planner: Planner<Example>): number {
    const { epochs, gradientAccumulation } = this.#checked;
    let steps = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      steps += Math.ceil(planner.epoch(epoch).batches / gradientAccumulation);
    }
    return steps;
  }
}

/** Speeds and times with the digits that mean something; losses and rates in full. */
function rounded(event: TrainerEvent): TrainerEvent {
  if (event.type === "step") {
    const { tokensPerSecond, secondsLeft, ...rest } = event;
    const short: StepEvent = {
      ...rest,
      tokensPerSecond: Math.round(tokensPerSecond),
      secondsLeft: Math.round(secondsLeft),
    };
    return short;
  }
  return event.type === "evaluation" ? { ...event, seconds: Math.round(event.seconds * 1000) / 1000 } : event;
}
