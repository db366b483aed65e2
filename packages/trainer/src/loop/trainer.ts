import type { ConvBertInputs } from "@convbert/model";
import { sizeOf } from "@convbert/tensor/internal";
import { type Fingerprint, initialState, type TrainerState } from "../checkpoint/state.js";
import type { IndexedDataset } from "../data/dataset.js";
import { trainedParameters } from "../optimize/groups.js";
import { Learner } from "../optimize/learner.js";
import { afterEvaluation } from "../schedule/plateau.js";
import { accumulateStep } from "./accumulate.js";
import { Callbacks, type TrainerCallback } from "./callbacks.js";
import { type CheckedOptions, checkedOptions } from "./checked-options.js";
import { type PlannedCourse, planCourse } from "./course.js";
import { DivergedError } from "./error.js";
import { type EvaluationEvent, loggedEvent, type StepEvent, type TrainerEvent } from "./events.js";
import { fingerprintOf } from "./fingerprint.js";
import { Keeper, type StartingPoint } from "./keeper.js";
import type { Interval, TrainerOptions } from "./options.js";
import { type Predictions, type PredictOptions, predict } from "./predict.js";
import { compareScores, decidingScore } from "./scores.js";
import { Speed } from "./speed.js";
import type { TrainSummary } from "./summary.js";
import { turnWhenDue } from "./turn-when-due.js";

/** What stays the same for all steps of a run. */
interface Course<Example, Inputs extends ConvBertInputs> extends PlannedCourse<Example> {
  readonly learner: Learner<Inputs>;
}

/**
 * The training loop: batches in a seeded order, steps of the optimizer along a schedule, evaluations, checkpoints, early
 * stopping. It runs wherever the model does, a browser's worker included. A run that was interrupted, by its signal or by
 * the end of its process at any moment, goes on with `resume` and comes to the same weights, bit for bit.
 */
export class Trainer<Example, Inputs extends ConvBertInputs> {
  readonly #options: TrainerOptions<Example, Inputs>;
  readonly #checked: CheckedOptions;
  readonly #callbacks: Callbacks;
  readonly #keeper: Keeper<Inputs>;
  readonly #speed = new Speed();
  #state: TrainerState = initialState();
  #fingerprint: Fingerprint = {};
  #totalSteps = 0;
  /** Whether the newest checkpoint has the state as it is. */
  #isSaved = false;
  #startedAt = 0;

  /** Throws TrainerOptionError for options out of range. */
  constructor(options: TrainerOptions<Example, Inputs>) {
    this.#options = options;
    this.#checked = checkedOptions(options);
    this.#callbacks = new Callbacks(options.callbacks);
    this.#keeper = new Keeper(options as unknown as TrainerOptions<never, Inputs>, this.#checked.keepCheckpoints);
  }

  /** Steps, epochs and scores so far. */
  get state(): Readonly<TrainerState> {
    return this.#state;
  }

  /**
   * Runs, or goes on with, the whole training; the model then has the result. Throws TrainerOptionError, TrainerCheckpointError,
   * DivergedError, errors of the data, and the signal's reason once a checkpoint is safe (where checkpoints are kept).
   */
  async train(): Promise<TrainSummary> {
    const { model, signal, checkpoints } = this.#options;
    signal?.throwIfAborted();
    using learner = new Learner<Inputs>(model, { ...this.#options, seed: this.#checked.seed });
    const course = { learner, ...(await planCourse(this.#options, this.#checked)) };
    const { totalSteps } = course;
    this.#totalSteps = totalSteps;
    this.#fingerprint = fingerprintOf(this.#options, this.#checked, totalSteps);
    await this.#start(await this.#keeper.start(learner, this.#fingerprint));
    try {
      await this.#run(course);
    } catch (error) {
      // The state is that between two steps, or before an evaluation; after a divergence the weights are not.
      if (signal?.aborted && checkpoints && !(error instanceof DivergedError)) await this.#save(learner);
      throw error;
    }
    return await this.#end();
  }

  /**
   * What the model computes of other examples, as it is now: all outputs, the labels, and the mean loss (the reference's
   * `Trainer.predict`).
   */
  predict(dataset: IndexedDataset<Example>, options: PredictOptions = {}): Promise<Predictions> {
    const { model, collate, unpadded, signal } = this.#options;
    return predict(model, collate, dataset, { batchSize: this.#checked.batchSize, unpadded, signal, ...options });
  }

  async #run(course: Course<Example, Inputs>): Promise<void> {
    const { evaluate, checkpoints } = this.#options;
    const state = this.#state;
    while (state.done === null) {
      let isSaveDue = false;
      // A run that goes on may have to begin with the evaluation that was interrupted.
      if (!state.evaluationDue && !this.#isOver()) {
        const endsEpoch = await this.#step(course);
        const isDue = (every: Interval) => (every === "epoch" ? endsEpoch : state.step % every === 0);
        isSaveDue = isDue(this.#checked.checkpointEvery);
        const isAsked = this.#callbacks.take("evaluate");
        if (evaluate && (isAsked || isDue(this.#checked.evaluateEvery) || this.#isOver())) {
          this.#change({ evaluationDue: true });
        }
      }
      if (state.evaluationDue && (await this.#evaluate(course))) {
        isSaveDue = true;
        if (this.#checked.keepBest) this.#keeper.noteBest();
      }
      if (state.done === null && state.stopping) this.#change({ done: "stopped-by-callback" });
      if (state.done === null && this.#isOver()) this.#change({ done: "finished" });
      const isAsked = this.#callbacks.take("save");
      if (checkpoints && (isSaveDue || isAsked || state.done !== null)) await this.#save(course.learner);
    }
  }

  /** Whether no step is left to do, or wanted. */
  #isOver(): boolean {
    const { steps, epochs } = this.#checked;
    const { step, epoch } = this.#state;
    // Epochs that callbacks have shortened leave fewer steps than were counted.
    const isLastEpochOver = steps === undefined && epoch >= epochs;
    return step >= this.#totalSteps || isLastEpochOver || this.#state.stopping;
  }

  /** One step of the optimizer; whether it is the last of its epoch. */
  async #step({ learner, planner, schedule, totalSteps }: Course<Example, Inputs>): Promise<boolean> {
    const state = this.#state;
    await turnWhenDue();
    if (state.batch === 0) await this.#call("onEpochBegin");
    await this.#call("onStepBegin");
    const began = performance.now();
    const plan = planner.epoch(state.epoch);
    const count = Math.min(this.#checked.gradientAccumulation, plan.batches - state.batch);
    const { batch: first, batchesSeen } = state;
    const batches = { plan, first, count, batchesSeen, seed: this.#checked.seed };
    const { loss, tokens, targets } = await accumulateStep(learner, this.#options, batches);
    if (!Number.isFinite(loss)) throw new DivergedError(state.step + 1, "the loss", loss);
    const learningRate = this.#checked.learningRate * schedule(state.step) * (state.plateau?.factor ?? 1);
    const gradientNorm = targets > 0 ? learner.step(learningRate) : 0;
    if (!Number.isFinite(gradientNorm)) {
      throw new DivergedError(state.step + 1, "the gradients' length", gradientNorm);
    }
    const isWhole = first + count >= plan.batches;
    this.#speed.add((performance.now() - began) / 1000, tokens);
    this.#change({
      step: state.step + 1,
      updates: state.updates + (targets > 0 ? 1 : 0),
      epoch: isWhole ? state.epoch + 1 : state.epoch,
      batch: isWhole ? 0 : first + count,
      batchesSeen: batchesSeen + count,
      tokens: state.tokens + tokens,
      lossSum: state.lossSum + loss,
      lossCount: state.lossCount + 1,
    });
    const event: StepEvent = {
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
    };
    await this.#report(event);
    await this.#call("onStepEnd", { event });
    const endsEpoch = isWhole || this.#callbacks.take("endEpoch");
    if (!isWhole && endsEpoch) this.#change({ epoch: state.epoch + 1, batch: 0 });
    if (endsEpoch) await this.#call("onEpochEnd");
    return endsEpoch;
  }

  /** Whether the evaluation is the best so far. */
  async #evaluate({ planner }: Course<Example, Inputs>): Promise<boolean> {
    const { evaluate, signal, metric: wanted, greaterIsBetter } = this.#options;
    const state = this.#state;
    const began = performance.now();
    const metrics = await evaluate!({
      signal,
      onProgress: (done, total) => this.#options.onEvent?.({ type: "evaluating", done, total }),
    });
    const deciding = decidingScore(metrics, wanted, greaterIsBetter);
    const { metric, score } = deciding;
    const { isBest, isHigher } = compareScores(deciding, metrics, state.best);
    const { patience } = this.#checked;
    const { step } = state;
    const epoch = state.epoch + (state.batch > 0 ? state.batch / planner.epoch(state.epoch).batches : 0);
    const checkpoint = isBest ? await this.#keeper.nextName(step) : null;
    const sinceBest = isHigher ? 0 : state.sinceBest + 1;
    const trainLoss = state.lossCount > 0 ? state.lossSum / state.lossCount : null;
    this.#change({
      evaluationDue: false,
      lossSum: 0,
      lossCount: 0,
      sinceBest,
      plateau: afterEvaluation(state.plateau, deciding, this.#options),
      ...(isBest && { best: { score, step, epoch, metrics, checkpoint } }),
      ...(patience !== undefined && sinceBest >= patience && { done: "stopped-early" }),
    });
    const seconds = (performance.now() - began) / 1000;
    const event: EvaluationEvent = {
      type: "evaluation",
      step,
      epoch,
      trainLoss,
      metrics,
      metric,
      score,
      isBest,
      seconds,
    };
    await this.#report(event);
    await this.#call("onEvaluate", { event });
    return isBest;
  }

  async #end(): Promise<TrainSummary> {
    const state = this.#state;
    const keptBest = this.#checked.keepBest && state.best !== null;
    if (keptBest && state.best?.step !== state.step) await this.#keeper.restoreBest(state);
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
    await this.#call("onTrainEnd", { summary });
    return summary;
  }

  /** Writes a checkpoint of the state as it is, unless the newest is one. */
  async #save(learner: Learner<Inputs>): Promise<void> {
    if (this.#isSaved) return;
    const event = await this.#keeper.save(learner, { ...this.#state, seconds: this.#seconds() }, this.#fingerprint);
    this.#isSaved = true;
    this.#options.onEvent?.(event);
    await this.#call("onSave", { event });
  }

  async #start({ state, resumedFrom, isExtended }: StartingPoint): Promise<void> {
    this.#state = state;
    this.#isSaved = resumedFrom !== null && !isExtended;
    this.#startedAt = performance.now();
    const trained = trainedParameters(this.#options.model, this.#options);
    const event: TrainerEvent = {
      type: "start",
      totalSteps: this.#totalSteps,
      step: state.step,
      epochs: this.#checked.epochs,
      resumedFrom,
      trainedParameters: trained.reduce((sum, { parameter }) => sum + sizeOf(parameter.shape), 0),
    };
    // The log begins once, however often the run goes on; it tells where the run was made longer.
    if (resumedFrom === null || isExtended) await this.#report(event);
    else this.#options.onEvent?.(event);
    await this.#call("onTrainBegin");
  }

  async #report(event: TrainerEvent): Promise<void> {
    await this.#options.log?.append(JSON.stringify(loggedEvent(event)));
    this.#options.onEvent?.(event);
  }

  async #call(moment: keyof TrainerCallback, more: object = {}): Promise<void> {
    await this.#callbacks.call(moment, { state: this.#state, totalSteps: this.#totalSteps, ...more });
    if (this.#callbacks.take("stop")) this.#change({ stopping: true });
  }

  #change(changes: Partial<TrainerState>): void {
    Object.assign(this.#state, changes);
    this.#isSaved = false;
  }

  #seconds(): number {
    return this.#state.seconds + (performance.now() - this.#startedAt) / 1000;
  }
}
