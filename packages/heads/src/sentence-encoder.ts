import { withModelFiles } from "@convbert/converter/internal";
import { type ModelSource, type WriteDestination, writeFiles } from "@convbert/files";
import {
  type ArrayInput,
  type ConvBertInputs,
  ConvBertModel,
  type FloatArray,
  type ForwardOptions,
  type FromPretrainedOptions,
  InputError,
  ndarrayOf,
  type RaggedInputs,
  type SavePretrainedOptions,
  type SequenceBatch,
  withoutPadding,
} from "@convbert/model";
import {
  asSequenceBatch,
  checkArguments,
  type Encoded,
  isSequenceBatch,
  prepareInputs,
} from "@convbert/model/internal";
import type { Parameter } from "@convbert/nn";
import { keep, normalizeRows, sequenceMax, sequenceMean, type Tensor, tidy } from "@convbert/tensor";
import { firstTokens, selectTokens } from "./first-tokens.js";
import { accumulateInParts, type EncoderPart, paddedParts, sequenceParts } from "./gradient-cache.js";
import type { TrainingLossOptions } from "./head.js";
import { applyDense, type SentenceDense } from "./sentence-dense.js";
import { type SentenceLoss, sentenceLoss } from "./sentence-losses.js";
import { readSentenceModules, sentenceModuleFiles } from "./sentence-modules.js";
import { SENTENCE_POOLINGS, type SentencePooling } from "./sentence-pooling.js";

export interface SentenceEncoderOptions {
  /** Default "mean". Special tokens count, as in sentence-transformers. */
  readonly pooling?: SentencePooling;
  /** Scale every vector to length 1, so that dot products are cosines; default true. */
  readonly normalize?: boolean;
  /** Linear maps of the pooled vector, before it is scaled; none by default. They are not trained. */
  readonly dense?: readonly SentenceDense[];
  /** Tokens of a text at most, for whoever tokenizes; the model's positions by default. */
  readonly maxLength?: number;
  /** What whoever tokenizes puts before every text; nothing by default. */
  readonly prompt?: string;
  /** What is learned; only training needs it. */
  readonly loss?: SentenceLoss;
  /**
   * Texts that are trained on at a time, however large the batch: the memory of so many is enough, at the price of a second
   * forward pass (gradient caching, Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited
   * Setup"). The loss and its gradients are those of the whole batch. Default: all.
   */
  readonly textsAtOnce?: number;
}

/** A batch to train on: a row for each text, the first texts of all examples before the second ones. */
export interface SentenceInputs extends ConvBertInputs, SentenceTargets {}

/** The same without padding. */
export interface SentenceBatch extends SequenceBatch, SentenceTargets {}

interface SentenceTargets {
  /** What the loss compares with: vectors `[batch, hidden_size]` or scores `[examples]`. */
  readonly labels?: ArrayInput | null | undefined;
  /** 1 by default. */
  readonly texts_per_example?: number | undefined;
}

/** An encoder that gives a vector for each text: a {@link ConvBertModel} and the pooling of its tokens. */
export class SentenceEncoder implements Disposable {
  readonly model: ConvBertModel;
  readonly pooling: SentencePooling;
  readonly normalize: boolean;
  readonly dense: readonly SentenceDense[];
  readonly maxLength: number;
  readonly prompt: string;
  readonly #loss: SentenceLoss | undefined;
  readonly #textsAtOnce: number;

  /** The model stays the caller's; `dispose` disposes it. Throws InputError for options out of range. */
  constructor(model: ConvBertModel, options: SentenceEncoderOptions = {}) {
    const { pooling = "mean", normalize = true, loss, textsAtOnce = Number.POSITIVE_INFINITY } = options;
    if (!SENTENCE_POOLINGS.includes(pooling)) {
      throw new InputError("pooling", `there is no ${JSON.stringify(pooling)}; use ${SENTENCE_POOLINGS.join(", ")}`);
    }
    if (!(textsAtOnce >= 1)) throw new InputError("textsAtOnce", `it is ${textsAtOnce}; give a number from 1 on`);
    this.model = model;
    this.pooling = pooling;
    this.normalize = normalize;
    this.dense = options.dense ?? [];
    this.maxLength = Math.min(options.maxLength ?? Number.POSITIVE_INFINITY, model.config.max_position_embeddings);
    this.prompt = options.prompt ?? "";
    this.#loss = loss;
    this.#textsAtOnce = Math.floor(textsAtOnce);
  }

  /**
   * Loads an encoder: pooling and the rest as a folder of sentence-transformers says (`modules.json`), for any other ConvBERT
   * the mean of its tokens, scaled to length 1. `options.sentence` wins over both.
   * @throws what {@link readSentenceModules} and `ConvBertModel.fromPretrained` throw.
   */
  static async fromPretrained(
    source: ModelSource,
    options: FromPretrainedOptions & { readonly sentence?: SentenceEncoderOptions } = {},
  ): Promise<SentenceEncoder> {
    const { sentence, ...loading } = options;
    return withModelFiles(source, loading, async (files) => {
      const modules = await readSentenceModules(files);
      const model = await ConvBertModel.fromPretrained(files, loading);
      const { maxLength, ...found } = modules ?? { maxLength: null };
      return new SentenceEncoder(model, { ...found, ...(maxLength !== null && { maxLength }), ...sentence });
    });
  }

  /**
   * Writes the model and what makes its folder one of sentence-transformers. (The tokenizer saves itself beside it. Python reads
   * weights that are not int8.)
   * @throws FilesError when the destination cannot be written.
   */
  async savePretrained(destination: WriteDestination, options: SavePretrainedOptions = {}): Promise<void> {
    await this.model.savePretrained(destination, options);
    await writeFiles(destination, sentenceModuleFiles(this, this.config.hidden_size), {
      ...(options.signal && { signal: options.signal }),
    });
  }

  get config() {
    return this.model.config;
  }

  get backend() {
    return this.model.backend;
  }

  get modelName(): string {
    return this.model.modelName;
  }

  /** Every weight by its name. */
  parameters(): IterableIterator<Parameter> {
    return this.model.parameters();
  }

  /**
   * Vectors of sequences of any lengths without padding, `[sequences, hidden_size]`, or as many numbers as a last Dense gives. Throws InputError for arguments that
   * do not fit.
   */
  async encodeRagged(inputs: SequenceBatch | RaggedInputs, options: ForwardOptions = {}): Promise<FloatArray> {
    const encoded = await this.model.encodeRagged(inputs, options);
    try {
      const { pooled } = tidy(() => ({ pooled: this.#pooled(encoded, this.dense.length === 0).read() }));
      return this.#finished(await pooled);
    } finally {
      encoded[Symbol.dispose]();
    }
  }

  /**
   * Low level, for trainers: the loss of a batch with the tape recording, in the kernels' memory; dispose it. Throws
   * InputError for arguments that do not fit or lack what the loss compares with; the signal's reason when it aborts.
   */
  async trainingLoss(inputs: SentenceInputs | SentenceBatch, options: TrainingLossOptions): Promise<Tensor<"float32">> {
    const { parts, lossOf } = this.#checked(inputs, options, Number.POSITIVE_INFINITY);
    using vectors = await this.#vectors(parts[0]!, options);
    return tidy(() => keep(options.tape.record(() => lossOf(vectors))));
  }

  /**
   * Low level, for trainers: adds the gradients of a batch's loss times `weight` to the tape's store and returns the loss.
   * Throws as {@link SentenceEncoder.trainingLoss}.
   */
  async accumulate(
    inputs: SentenceInputs | SentenceBatch,
    options: TrainingLossOptions & { readonly weight: number },
  ): Promise<number> {
    const { parts, lossOf } = this.#checked(inputs, options, this.#textsAtOnce);
    if (parts.length > 1) {
      return accumulateInParts(parts, options, { vectors: (part) => this.#vectors(part, options), loss: lossOf });
    }
    using vectors = await this.#vectors(parts[0]!, options);
    using loss = tidy(() => keep(options.tape.record(() => lossOf(vectors))));
    options.tape.backward(loss, options.weight);
    return await loss.readItem();
  }

  dispose(): void {
    this.model.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The batch, so many texts at a time, and its loss. */
  #checked(
    inputs: SentenceInputs | SentenceBatch,
    { classWeights, labelSmoothing, unpadded = false }: TrainingLossOptions,
    textsAtOnce: number,
  ): { readonly parts: readonly EncoderPart[]; lossOf(vectors: Tensor<"float32">): Tensor<"float32"> } {
    const loss = this.#loss;
    if (loss === undefined) throw new InputError("loss", "training needs to know what is learned");
    if (this.dense.length > 0) throw new InputError("dense", "an encoder with Dense modules cannot be trained here");
    if (classWeights != null || labelSmoothing !== undefined) {
      throw new InputError("options", "classWeights and labelSmoothing are for classes; vectors have none");
    }
    const { labels, texts_per_example = 1, ...encoderInputs } = inputs;
    const lossOf = (vectors: Tensor<"float32">) => sentenceLoss(loss, vectors, { labels, texts_per_example });
    if (isSequenceBatch(encoderInputs)) {
      const batch = asSequenceBatch(encoderInputs, this.modelName);
      return { parts: sequenceParts(batch, this.config, textsAtOnce), lossOf };
    }
    checkArguments(encoderInputs, this.modelName);
    const alone = withoutPadding(encoderInputs);
    const parts = unpadded
      ? sequenceParts(alone.batch, this.config, textsAtOnce)
      : paddedParts(prepareInputs(encoderInputs, this.config), alone, textsAtOnce);
    return { parts, lossOf };
  }

  /** Vectors of some texts, recorded by the tape, in the kernels' memory. */
  async #vectors({ prepared, pooled }: EncoderPart, options: TrainingLossOptions): Promise<Tensor<"float32">> {
    const { signal, tape } = options;
    const encoded = await this.model.encode(prepared, { signal, training: options });
    try {
      return tidy(() =>
        keep(
          tape.record(() => {
            if (pooled === null) return this.#pooled(encoded);
            // Pooling goes over tokens alone, whatever padding the convolution has seen.
            const lastHiddenState = selectTokens(encoded.lastHiddenState, pooled.tokens);
            return this.#pooled({ lastHiddenState, sequences: pooled });
          }),
        ),
      );
    } finally {
      encoded[Symbol.dispose]();
    }
  }

  /** Through the linear maps, where there are some. */
  #finished(pooled: FloatArray): FloatArray {
    if (this.dense.length === 0) return pooled;
    const [count, size] = pooled.shape as [number, number];
    const rows = Array.from({ length: count }, (_, row) => {
      const mapped = this.dense.reduce(applyDense, pooled.data.subarray(row * size, (row + 1) * size));
      const length = this.normalize ? Math.max(Math.hypot(...mapped), 1e-12) : 1;
      return mapped.map((value) => value / length);
    });
    const width = rows[0]?.length ?? 0;
    const data = new Float32Array(count * width);
    for (const [row, values] of rows.entries()) data.set(values, row * width);
    return ndarrayOf(data, [count, width]);
  }

  #pooled(encoded: Pick<Encoded, "lastHiddenState" | "sequences">, isLast = true): Tensor<"float32"> {
    const { lastHiddenState, sequences } = encoded;
    const pooled = {
      first: () => firstTokens(encoded),
      max: () => sequenceMax(lastHiddenState, sequences),
      mean: () => sequenceMean(lastHiddenState, sequences),
    }[this.pooling]();
    return this.normalize && isLast ? normalizeRows(pooled) : pooled;
  }
}
