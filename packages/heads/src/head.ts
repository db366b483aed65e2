import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  ConvBertModel,
  ConvBertPreTrainedModel,
  type FloatArray,
  type ForwardOptions,
  InputError,
  type SequenceBatch,
} from "@convbert/model";
import {
  asSequenceBatch,
  checkArguments,
  type Encoded,
  isSequenceBatch,
  type PreparedInputs,
  type PreparedSequences,
  prepareInputs,
  prepareSequences,
  type Read,
  readAll,
  type TrainingRun,
} from "@convbert/model/internal";
import type { Scope } from "@convbert/nn";
import { type CrossEntropyOptions, type DropoutGenerator, keep, type Tensor, tidy } from "@convbert/tensor";
import type { Ragged } from "./ragged.js";

/** How a loss is computed where it is not the reference's plain one. */
export type LossOptions = Pick<CrossEntropyOptions, "classWeights" | "labelSmoothing">;

/** A forward pass that ends with the loss. */
export interface EvaluationLossOptions extends LossOptions {
  /**
   * Leave out the padding of a padded batch: each sequence runs as the reference runs it alone, in less time. By default it
   * runs with the reference's semantics. A batch without padding has none to leave out.
   */
  readonly unpadded?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A forward pass that is trained through. */
export interface TrainingLossOptions extends TrainingRun, EvaluationLossOptions {}

/** What a head computes from. */
export interface HeadContext {
  /** The encoder's output in the kernels' memory. */
  readonly encoded: Encoded;
  /** Of training; null drops nothing. */
  readonly random: DropoutGenerator | null;
}

/** A {@link HeadContext} of a padded batch. */
export interface PaddedContext extends HeadContext {
  readonly prepared: PreparedInputs;
}

/** A ConvBERT with a head on top; weights of the encoder are named "convbert.…", as in the reference. */
export abstract class ConvBertWithHead<
  Inputs extends ConvBertInputs = ConvBertInputs,
  Batch extends SequenceBatch = SequenceBatch,
> extends ConvBertPreTrainedModel {
  readonly convbert: ConvBertModel;
  /** Arguments of `forward` besides those of every model. */
  protected abstract readonly ownArguments: readonly string[];

  /** The same of a batch without padding. */
  protected get ownBatchArguments(): readonly string[] {
    return this.ownArguments;
  }

  /** @internal Use `fromPretrained` or `fromConfig`. `packedWords`: the head multiplies by the word embeddings. */
  constructor(config: ConvBertConfig, root: Scope, { packedWords = false }: { packedWords?: boolean } = {}) {
    super(config, root);
    this.convbert = new ConvBertModel(config, root, { scope: root.scope("convbert"), packedWords });
  }

  /** A copy of the word embeddings, `[vocab_size, embedding_size]`. */
  getInputEmbeddings(): FloatArray {
    return this.convbert.getInputEmbeddings();
  }

  /** See {@link ConvBertModel.setInputEmbeddings}. */
  setInputEmbeddings(embeddings: ArrayInput): void {
    this.convbert.setInputEmbeddings(embeddings);
    this.config = this.convbert.config;
  }

  /** See {@link ConvBertModel.resizeTokenEmbeddings}. */
  resizeTokenEmbeddings(rows: number, options: { padToMultipleOf?: number; seed?: number } = {}): number {
    const size = this.convbert.resizeTokenEmbeddings(rows, options);
    this.config = this.convbert.config;
    return size;
  }

  /** See {@link ConvBertModel.pruneHeads}. */
  pruneHeads(heads: Readonly<Record<number, readonly number[]>>): void {
    this.convbert.pruneHeads(heads);
    this.config = this.convbert.config;
  }

  /** The encoder's inputs among the head's. */
  protected encoderInputs(inputs: Inputs): ConvBertInputs {
    return inputs;
  }

  /** A padded batch without its padding, labels included: what {@link trainingLoss} takes, and `forwardRagged` of each head. */
  abstract unpadded(inputs: Inputs): Batch;

  /** The loss as a single number in the kernels' memory; null without labels. */
  protected abstract loss(inputs: Inputs | Batch, context: HeadContext, options: LossOptions): Tensor<"float32"> | null;

  /**
   * Low level, for trainers: runs the model with the tape recording and gives the loss in the kernels' memory, ready for
   * `tape.backward`; dispose it. Unlike `forward` it drops elements where a generator is given, and computes nothing
   * that the loss does not need.
   * @param inputs a padded batch, or one without padding.
   * @throws InputError for arguments that do not fit or lack labels; the signal's reason when it aborts.
   */
  async trainingLoss(inputs: Inputs | Batch, options: TrainingLossOptions): Promise<Tensor<"float32">> {
    return this.#lossOf(inputs, options, options);
  }

  /**
   * Low level, for evaluations: the same loss with nothing dropped and nothing recorded, which backends without gradients
   * compute too; dispose it.
   * @param inputs a padded batch, or one without padding.
   * @throws InputError for arguments that do not fit or lack labels; the signal's reason when it aborts.
   */
  async evaluationLoss(inputs: Inputs | Batch, options: EvaluationLossOptions = {}): Promise<Tensor<"float32">> {
    return this.#lossOf(inputs, options);
  }

  async #lossOf(
    inputs: Inputs | Batch,
    { signal, unpadded = false, ...loss }: EvaluationLossOptions,
    training?: TrainingRun,
  ): Promise<Tensor<"float32">> {
    const { prepared, given } = this.#prepared(inputs, unpadded);
    const encoded = await this.convbert.encode(prepared, { signal, ...(training && { training }) });
    const random = training?.dropout ?? null;
    try {
      this.assertUsable();
      return tidy(() => {
        const compute = () => this.loss(given, { encoded, random }, loss);
        const result = training ? training.tape.record(compute) : compute();
        if (result === null) {
          throw new InputError(this.labelNames.join(", "), training ? "training needs labels" : "a loss needs labels");
        }
        return keep(result);
      });
    } finally {
      encoded[Symbol.dispose]();
    }
  }

  /** The arguments checked: as they are, or without padding where it is to be left out. */
  #prepared(inputs: Inputs | Batch, unpadded: boolean): { prepared: PreparedSequences; given: Inputs | Batch } {
    if (isSequenceBatch(inputs)) {
      return { prepared: prepareSequences(this.#batch(inputs), this.config), given: inputs };
    }
    checkArguments(inputs, this.modelName, this.ownArguments);
    if (!unpadded) return { prepared: prepareInputs(this.encoderInputs(inputs), this.config), given: inputs };
    const given = this.unpadded(inputs);
    return { prepared: prepareSequences(given, this.config), given };
  }

  #batch(inputs: Ragged<Batch>): Batch {
    return asSequenceBatch(inputs, this.modelName, this.ownBatchArguments as never) as SequenceBatch as Batch;
  }

  /** Arguments that have to be there for a loss. */
  protected get labelNames(): readonly string[] {
    return ["labels"];
  }

  /**
   * Checks the arguments, runs the encoder, then `head` in a scope that frees what it makes; its result holds copies and
   * numbers only. `head` gets the encoder's output in the kernels' memory.
   */
  protected async run<Output extends object>(
    inputs: Inputs,
    options: ForwardOptions,
    head: (context: PaddedContext) => Output,
  ): Promise<Read<Output>> {
    checkArguments(inputs, this.modelName, this.ownArguments);
    const prepared = prepareInputs(this.encoderInputs(inputs), this.config);
    const encoded = await this.convbert.encode(prepared, options);
    try {
      this.assertUsable();
      return await readAll(tidy(() => head({ encoded, prepared, random: null })));
    } finally {
      encoded[Symbol.dispose]();
    }
  }

  /**
   * The same for sequences of any lengths without padding: dense products go over all tokens together, the rest stays
   * within each sequence. `head` gives a result for each.
   */
  protected async runRagged<Output extends object>(
    inputs: Ragged<Batch>,
    options: ForwardOptions,
    head: (batch: Batch, context: HeadContext) => Output[],
  ): Promise<Read<Output>[]> {
    const batch = this.#batch(inputs);
    const encoded = await this.convbert.encode(prepareSequences(batch, this.config), options);
    try {
      this.assertUsable();
      const readings = tidy(() => head(batch, { encoded, random: null }));
      return await Promise.all(readings.map((reading) => readAll(reading)));
    } finally {
      encoded[Symbol.dispose]();
    }
  }
}
