import type { ConvBertWithHead, LossOptions, TrainingLossOptions } from "@convbert/heads";
import type { ConvBertInputs, SequenceBatch } from "@convbert/model";
import { ParameterBuffers } from "@convbert/nn";
import { DropoutGenerator, Tape } from "@convbert/tensor";
import { TrainerOptionError } from "../option-error.js";
import { Adafactor } from "./adafactor.js";
import { type GroupOptions, trainedParameters } from "./groups.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import type { ParameterOptimizer } from "./parameter-optimizer.js";

/** A model that can be trained: any of the five with a head, or a sentence encoder. */
export type TrainableModel<Inputs extends ConvBertInputs = ConvBertInputs> = Pick<
  ConvBertWithHead<Inputs>,
  "parameters" | "config" | "backend" | "modelName"
> & {
  /** See `ConvBertWithHead.trainingLoss`. What the inputs are is inferred from `forward` and `unpadded`, which take no batch. */
  trainingLoss(
    inputs: NoInfer<Inputs> | SequenceBatch,
    options: TrainingLossOptions,
  ): ReturnType<ConvBertWithHead<Inputs>["trainingLoss"]>;
  /** What `Trainer.predict` needs. */
  forward?(inputs: Inputs, options?: { readonly signal?: AbortSignal | undefined }): Promise<object>;
  /** Where a model knows a way of its own to add up the gradients of a batch: does so, and gives the loss. */
  accumulate?(
    inputs: NoInfer<Inputs> | SequenceBatch,
    options: TrainingLossOptions & { readonly weight: number },
  ): Promise<number>;
  /** What `Trainer.predict` needs besides to leave out padding. */
  forwardRagged?(sequences: SequenceBatch, options?: { readonly signal?: AbortSignal | undefined }): Promise<object[]>;
  /** A padded batch without its padding, for `forwardRagged`. */
  unpadded?(inputs: Inputs): SequenceBatch;
};

export interface LearnerOptions extends GroupOptions, OptimizerOptions, LossOptions {
  /** Gradients longer than this are scaled down to it; default 1, 0 for no limit. */
  readonly maxGradientNorm?: number;
  /** Of the dropout; default 0. */
  readonly seed?: number;
  /** Whether elements are dropped, at the rates of the model's configuration; default true. */
  readonly dropout?: boolean;
  /** Keep only the layers' inputs for the backward pass: less memory, about a third more time. Default false. */
  readonly gradientCheckpointing?: boolean;
  /**
   * No padding: each text is trained as the reference trains it in a batch of one, in less time.
   * Default false, the reference's padded batches, where padding reaches the convolution.
   */
  readonly unpadded?: boolean;
}

/**
 * Forward, backward and update of one model: the arithmetic of training without its loop. Gradients of several batches
 * add up until a step uses them.
 */
export class Learner<Inputs extends ConvBertInputs = ConvBertInputs> implements Disposable {
  readonly optimizer: ParameterOptimizer;
  readonly #model: TrainableModel<Inputs>;
  readonly #options: LearnerOptions;
  readonly #gradients: ParameterBuffers;
  readonly #tape: Tape;
  /** Batches since the run began: each has its own dropout. */
  batchesSeen = 0;

  /** Throws TrainerOptionError for options out of range and TensorError for an int8 model. */
  constructor(model: TrainableModel<Inputs>, options: LearnerOptions = {}) {
    const { maxGradientNorm = 1 } = options;
    if (!(maxGradientNorm >= 0)) {
      throw new TrainerOptionError("maxGradientNorm", maxGradientNorm, "give a number of at least 0, 0 for no limit");
    }
    const parameters = trainedParameters(model, options);
    this.#model = model;
    this.#options = options;
    this.#gradients = new ParameterBuffers(
      model.backend,
      parameters.map(({ parameter }) => parameter),
    );
    this.#tape = new Tape(model.backend, this.#gradients.store);
    try {
      this.optimizer =
        options.optimizer === "adafactor"
          ? new Adafactor(model.backend, parameters, this.#gradients, options.adafactor)
          : new Optimizer(model.backend, parameters, this.#gradients, options);
    } catch (error) {
      this.#gradients.dispose();
      throw error;
    }
  }

  /**
   * Adds the gradients of a batch's loss times `weight` (one over the number of batches of a step) and returns the loss.
   * The signal aborts between layers; the gradients are then as before.
   */
  async accumulate(inputs: Inputs | SequenceBatch, weight = 1, signal?: AbortSignal): Promise<number> {
    const { seed = 0, dropout = true, gradientCheckpointing = false, unpadded = false } = this.#options;
    const { classWeights, labelSmoothing } = this.#options;
    try {
      const run: TrainingLossOptions = {
        tape: this.#tape,
        dropout: dropout ? new DropoutGenerator(seed, this.batchesSeen) : null,
        checkpointing: gradientCheckpointing,
        unpadded,
        signal,
        ...(classWeights !== undefined && { classWeights }),
        ...(labelSmoothing !== undefined && { labelSmoothing }),
      };
      if (this.#model.accumulate) {
        const loss = await this.#model.accumulate(inputs, { ...run, weight });
        this.batchesSeen++;
        return loss;
      }
      using loss = await this.#model.trainingLoss(inputs, run);
      this.#tape.backward(loss, weight);
      this.batchesSeen++;
      return await loss.readItem();
    } finally {
      this.#tape.reset();
    }
  }

  /** Clips the gradients, updates the parameters and forgets the gradients. Returns their length before clipping. */
  step(learningRate: number): number {
    const norm = this.optimizer.gradientNorm();
    const limit = this.#options.maxGradientNorm ?? 1;
    // As torch.nn.utils.clip_grad_norm_.
    const scale = limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1;
    this.optimizer.step(learningRate, scale);
    this.#gradients.zero();
    return norm;
  }

  /** The gradients so far, by parameter name. */
  get gradients(): ParameterBuffers {
    return this.#gradients;
  }

  dispose(): void {
    this.#tape.reset();
    this.optimizer.dispose();
    this.#gradients.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
