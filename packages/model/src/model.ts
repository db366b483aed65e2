import { Embedding, InputError, type Scope } from "@convbert/nn";
import { Random } from "@convbert/nn/internal";
import { ndarrayOf } from "@convbert/tensor";
import { checkArguments } from "./arguments.js";
import { type ArrayInput, floats } from "./arrays.js";
import type { ConvBertConfig } from "./config.js";
import { checkPrunedHeads } from "./config-checks.js";
import { ConvBertModules } from "./convbert.js";
import { type Encoded, type EncodeOptions, encode, type TrainingRun } from "./encode.js";
import { type ConvBertInputs, type PreparedSequences, prepareInputs } from "./inputs.js";
import {
  type EncoderOutputs,
  encoderOutputs,
  type FloatArray,
  paddedOutput,
  readAll,
  sequenceRows,
} from "./outputs.js";
import { ConvBertPreTrainedModel } from "./pretrained.js";
import { pruneAttention } from "./prune.js";
import { asSequenceBatch, prepareSequences, type RaggedInputs, type SequenceBatch } from "./sequences.js";

/** The reference's `BaseModelOutput`. */
export interface ConvBertModelOutput extends EncoderOutputs {
  /** `[batch, length, hidden_size]`. */
  readonly last_hidden_state: FloatArray;
}

/** What {@link ConvBertModel.forwardRagged} gives for each sequence. */
export interface RaggedModelOutput {
  /** `[length, hidden_size]`. */
  readonly last_hidden_state: FloatArray;
}

/** Passed to every forward. */
export type ForwardOptions = EncodeOptions;

/**
 * The encoder without a head (the reference's `ConvBertModel`): token ids in, a vector for each token out. There is no
 * pooler. Load it with `fromPretrained`, make a new one with `fromConfig`.
 */
export class ConvBertModel extends ConvBertPreTrainedModel {
  static readonly modelName: string = "ConvBertModel";
  /** Not for users. */
  readonly modules: ConvBertModules;
  readonly #scope: Scope;

  /**
   * Not for users. `scope` is where the weights are declared: the root, or "convbert" inside a model with a head;
   * `packedWords` keeps the word embeddings in the form that a tied decoder multiplies by.
   */
  constructor(
    config: ConvBertConfig,
    root: Scope,
    { scope = root, packedWords = false }: { scope?: Scope; packedWords?: boolean } = {},
  ) {
    super(config, root);
    this.#scope = scope;
    this.modules = new ConvBertModules(scope, config, packedWords);
  }

  /**
   * Runs the model on a padded batch with the reference's semantics. Mind that the attention mask never reaches the
   * convolution: what stands in padded positions changes their neighbours' result; {@link forwardRagged} has no padding.
   * Throws InputError for arguments that do not fit; the signal's reason when it aborts.
   */
  async forward(inputs: ConvBertInputs, options: ForwardOptions = {}): Promise<ConvBertModelOutput> {
    checkArguments(inputs, this.modelName);
    const prepared = prepareInputs(inputs, this.config);
    const encoded = await this.encode(prepared, options);
    try {
      return await readAll({
        last_hidden_state: paddedOutput(encoded.lastHiddenState, prepared),
        ...encoderOutputs(encoded, prepared),
      });
    } finally {
      encoded[Symbol.dispose]();
    }
  }

  /**
   * Low level, for models with a head and for serving: runs what has been prepared, padded or not, and leaves the result in
   * the kernels' memory; dispose it. With `training` the tape records the run.
   */
  encode(
    prepared: PreparedSequences,
    { training, ...options }: ForwardOptions & { readonly training?: TrainingRun } = {},
  ): Promise<Encoded> {
    return encode(this.modules, prepared, { ...this.running(options), training });
  }

  /**
   * Low level, for serving: runs sequences of any lengths without padding. Dense products go over all tokens together,
   * attention and convolution stay within each sequence, so the result equals running each sequence alone. Hidden states
   * are `[all tokens, hidden_size]` in the kernels' memory; dispose the result.
   */
  encodeRagged(inputs: SequenceBatch | RaggedInputs, options: ForwardOptions = {}): Promise<Encoded> {
    return this.encode(prepareSequences(asSequenceBatch(inputs, "encodeRagged"), this.config), options);
  }

  /**
   * Runs sequences of any lengths without padding, and returns a result for each, `last_hidden_state` being
   * `[length, hidden_size]`: what running it alone gives, whatever else is in the batch. Throws InputError for arguments
   * that do not fit; the signal's reason when it aborts.
   */
  async forwardRagged(
    inputs: SequenceBatch | RaggedInputs,
    options: ForwardOptions = {},
  ): Promise<RaggedModelOutput[]> {
    const encoded = await this.encodeRagged(inputs, options);
    try {
      const rows = await Promise.all(sequenceRows(encoded.lastHiddenState, encoded));
      return rows.map((last_hidden_state) => ({ last_hidden_state }));
    } finally {
      encoded[Symbol.dispose]();
    }
  }

  /** The word embeddings, a copy `[vocab_size, embedding_size]`. */
  getInputEmbeddings(): FloatArray {
    this.assertUsable();
    const { vocab_size: rows, embedding_size: size } = this.config;
    return ndarrayOf(this.modules.embeddings.words.slot.read(), [rows, size]);
  }

  /**
   * Replaces the word embeddings by `[rows, embedding_size]`; the vocabulary follows the number of rows, and tied
   * weights follow the embeddings. Throws InputError for another shape.
   */
  setInputEmbeddings(embeddings: ArrayInput): void {
    const { shape, values } = floats("embeddings", embeddings);
    const size = this.config.embedding_size;
    if (shape.length !== 2 || shape[1] !== size || shape[0] === 0) {
      throw new InputError("embeddings", `expected [rows, embedding_size ${size}], got shape [${shape.join(", ")}]`);
    }
    this.#replaceEmbeddings(shape[0]!, values);
  }

  /** Not for users. The table's rows become `rows`, its values `values`; smaller ones keep what they had, new rows are drawn. */
  resizeWords(rows: number, seed?: number): void {
    this.assertUsable();
    const size = this.config.embedding_size;
    const old = this.modules.embeddings.words.slot.read();
    const values = new Float32Array(rows * size);
    values.set(old.subarray(0, Math.min(old.length, values.length)));
    if (values.length > old.length) {
      new Random(seed).fillNormal(values.subarray(old.length), this.config.initializer_range);
    }
    this.#replaceEmbeddings(rows, values);
  }

  #replaceEmbeddings(rows: number, values: Float32Array): void {
    this.assertUsable();
    const { embeddings } = this.modules;
    const scope = this.#scope.scope("embeddings").scope("word_embeddings").owning();
    const { pad_token_id: pad, embedding_size: size } = this.config;
    const padding = pad !== null && pad < rows ? pad : null;
    const words = new Embedding(scope, rows, size, {
      padding,
      packed: embeddings.words.packed !== null,
      quantized: true,
    });
    words.slot.write(0, values);
    embeddings.words.release();
    embeddings.words = words;
    this.config = this.config.with({
      vocab_size: rows,
      ...(pad !== null && padding === null && { pad_token_id: null }),
    });
  }

  /**
   * Makes room for `rows` tokens, for instance after `addTokens`: kept rows stay, new ones are initialised. With
   * `padToMultipleOf` the number is rounded up. Returns the new number of rows (the reference's
   * `resize_token_embeddings`).
   */
  resizeTokenEmbeddings(rows: number, options: { padToMultipleOf?: number; seed?: number } = {}): number {
    const size = resizedRows(rows, options.padToMultipleOf);
    this.resizeWords(size, options.seed);
    return size;
  }

  /**
   * Removes heads, `{ layer: [heads] }`, numbered as in the unpruned model: a head's attention and its convolution both
   * go, everything else computes as before. (The reference's `prune_heads` leaves the convolution and fails.) What was
   * removed is kept in `config.pruned_heads`, and a saved model loads again.
   */
  pruneHeads(heads: Readonly<Record<number, readonly number[]>>): void {
    this.assertUsable();
    checkPrunedHeads(heads, this.config.num_hidden_layers, this.config.attentionHeads);
    const merged: Record<number, readonly number[]> = { ...this.config.pruned_heads };
    for (const [layer, removed] of Object.entries(heads)) {
      merged[Number(layer)] = [...new Set([...(merged[Number(layer)] ?? []), ...removed])].sort((a, b) => a - b);
    }
    // Checks that some heads stay before anything changes.
    const config = this.config.with({ pruned_heads: merged });
    for (const layer of Object.keys(heads)) {
      pruneAttention(
        this.modules.layers[Number(layer)]!,
        this.#scope.scope("encoder").scope("layer").scope(layer).scope("attention"),
        config,
        merged[Number(layer)]!,
      );
    }
    this.releaseScratch();
    this.config = config;
  }
}

/** Rows after rounding up. Throws InputError for what is no count. */
export function resizedRows(rows: number, multiple = 1): number {
  if (!(Number.isInteger(rows) && rows > 0 && Number.isInteger(multiple) && multiple > 0)) {
    throw new InputError(
      "rows",
      `expected a positive number of tokens and a positive multiple, got ${rows}, ${multiple}`,
    );
  }
  return Math.ceil(rows / multiple) * multiple;
}
