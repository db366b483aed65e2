import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  ndarrayOf,
  type SequenceBatch,
  withoutPadding,
} from "@convbert/model";
import { encoderOutputs, floats, paddedOutput } from "@convbert/model/internal";
import { LayerNorm, Linear, type Scope } from "@convbert/nn";
import { Random } from "@convbert/nn/internal";
import { crossEntropy, linear, type PackedWeights, type Sequences, Tensor } from "@convbert/tensor";
import { selectTokens } from "./first-tokens.js";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { flatLabels, integerLabels, labelsKept, tokenLabels } from "./labels.js";
import { eachSequence, type Ragged, type RaggedLogits, withLosses } from "./ragged.js";

export interface MaskedLMInputs extends ConvBertInputs {
  /** `[batch, length]`: the token to predict, -100 where nothing is asked. */
  readonly labels?: ArrayInput | null | undefined;
}

/** The reference's `MaskedLMOutput`. */
export interface MaskedLMOutput extends EncoderOutputs {
  /** Mean cross-entropy over the labels that are not -100; NaN when all are. */
  readonly loss?: number;
  /** `[batch, length, vocab_size]`. */
  readonly logits: FloatArray;
}

/** The same without padding. */
export interface MaskedLMBatch extends SequenceBatch {
  /** `[tokens]`: the token to predict, -100 where nothing is asked. */
  readonly labels?: ArrayLike<number> | null | undefined;
  /** For `forwardRagged`: of each sequence the positions whose words are to be predicted; all by default. */
  readonly positions?: readonly ArrayLike<number>[] | null | undefined;
}

/** Label of a position where nothing is asked. */
const IGNORED = -100;

const WORDS = "convbert.embeddings.word_embeddings.weight";

/**
 * Predicts masked words (the reference's `ConvBertForMaskedLM`): dense, gelu and LayerNorm down to `embedding_size`
 * (`generator_predictions`), then a map to the vocabulary (`generator_lm_head`) whose weight is the word embeddings'
 * unless `tie_word_embeddings` is false. The activation is always gelu, whatever `hidden_act`.
 */
export class ConvBertForMaskedLM extends ConvBertWithHead<MaskedLMInputs, MaskedLMBatch> {
  static readonly modelName: string = "ConvBertForMaskedLM";
  protected readonly ownArguments = ["labels"];
  readonly #dense: Linear;
  readonly #norm: LayerNorm;
  #decoder!: PackedWeights;
  #decoderBias!: Tensor<"float32">;
  #decoderScope!: Scope;

  protected override get ownBatchArguments(): readonly string[] {
    return ["labels", "positions"];
  }

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root, { packedWords: config.tie_word_embeddings });
    const predictions = root.scope("generator_predictions");
    this.#norm = new LayerNorm(predictions.scope("LayerNorm"), config.embedding_size, config.layer_norm_eps);
    this.#dense = new Linear(predictions.scope("dense"), config.hidden_size, config.embedding_size);
    this.#declareDecoder();
  }

  /** A tied decoder has no weight of its own: it multiplies by the packed word embeddings. */
  #declareDecoder(): void {
    const { vocab_size: rows, embedding_size: columns } = this.config;
    const { packed, slot } = this.convbert.modules.embeddings.words;
    const scope = this.root.scope("generator_lm_head").owning();
    this.#decoderScope = scope;
    if (packed !== null) {
      this.#decoder = packed;
      scope.slot("weight", [rows, columns], "normal", slot, WORDS);
    } else {
      this.#decoder = scope.packed(rows, columns);
      scope.rows("weight", [rows, columns], this.#decoder, 0, rows);
    }
    this.#decoderBias = scope.tensor("bias", [rows], "zeros");
  }

  /** Runs the model, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  forward(inputs: MaskedLMInputs, options: ForwardOptions = {}): Promise<MaskedLMOutput> {
    return this.run(inputs, options, ({ encoded, prepared }) => {
      const logits = this.#logits(encoded.lastHiddenState);
      const loss = maskedLMLoss(this.config, logits, inputs);
      return {
        ...(loss !== null && { loss: loss.readItem() }),
        logits: paddedOutput(logits, prepared),
        ...encoderOutputs(encoded, prepared),
      };
    });
  }

  /**
   * Runs sequences of any lengths without padding; a result for each, equal to running it alone: `logits`
   * `[length, vocab_size]`, or, which takes far less, `[positions, vocab_size]` of the `positions` asked for.
   * Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: Ragged<MaskedLMBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, ({ labels, positions }, { encoded }) => {
      const { lastHiddenState, sequences } = encoded;
      const { vocab_size: classes } = this.config;
      const all =
        labels == null
          ? null
          : tokenLabels("labels", flatLabels(labels)!, { count: lastHiddenState.extent(0), classes });
      const asked = positions == null ? null : askedTokens(positions, sequences);
      if (asked?.tokens.length === 0) {
        return asked.offsets.slice(1).map(() => ({ logits: Tensor.allocate(this.backend, [0, classes]).read() }));
      }
      const logits = this.#logits(asked === null ? lastHiddenState : selectTokens(lastHiddenState, asked.tokens));
      const { offsets } = asked ?? sequences;
      const lossOf = (own: Int32Array) => (sequence: number) => {
        const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
        if (start === end) return null;
        const data = own.subarray(start, end);
        return maskedLMLoss(this.config, logits.slice(0, start, end), { labels: { data, shape: [end - start] } });
      };
      const own = all && asked ? Int32Array.from(asked.tokens, (token) => all[token]!) : all;
      return withLosses(eachSequence(logits, { offsets }), own && lossOf(own));
    });
  }

  override unpadded(inputs: MaskedLMInputs): MaskedLMBatch {
    const unpadded = withoutPadding(inputs);
    return { ...unpadded.batch, ...labelsKept(inputs.labels, unpadded) };
  }

  /** Only the tokens that have a label go through the decoder, by far the largest product. */
  protected override loss({ labels }: MaskedLMInputs | MaskedLMBatch, { encoded }: HeadContext, options: LossOptions) {
    const flat = flatLabels(labels);
    if (flat === null) return null;
    const { lastHiddenState } = encoded;
    const all = tokenLabels("labels", flat, { count: lastHiddenState.extent(0), classes: this.config.vocab_size });
    const asked = Array.from(all.keys()).filter((token) => all[token] !== IGNORED);
    if (asked.length === 0) {
      throw new InputError("labels", "every position is ignored (-100), so there is nothing to learn from");
    }
    const targets = Tensor.from(
      this.backend,
      asked.map((token) => all[token]!),
      [asked.length],
      "int32",
    );
    return crossEntropy(this.#logits(selectTokens(lastHiddenState, asked)), targets, options);
  }

  #logits(hidden: Tensor): Tensor<"float32"> {
    const dense = this.#dense.forward(hidden, "gelu");
    return linear(this.#norm.forward(dense), this.#decoder, { bias: this.#decoderBias });
  }

  override setInputEmbeddings(embeddings: ArrayInput): void {
    super.setInputEmbeddings(embeddings);
    this.#followVocabulary();
  }

  /** The decoder's weights, a copy `[vocab_size, embedding_size]`: the word embeddings', where they are tied. */
  override getOutputEmbeddings(): FloatArray {
    this.assertUsable();
    const { vocab_size: rows, embedding_size: columns } = this.config;
    return ndarrayOf(this.parameter("generator_lm_head.weight")!.read(), [rows, columns]);
  }

  /**
   * Replaces the decoder's weights by `[vocab_size, embedding_size]`; its bias stays. Where they are tied the word
   * embeddings are the same table and change with it, and the vocabulary follows the number of rows; in the reference the
   * two then part until the model is saved and loaded.
   * @throws InputError for another shape.
   */
  setOutputEmbeddings(embeddings: ArrayInput): void {
    this.assertUsable();
    const { tiedTo, write } = this.parameter("generator_lm_head.weight")!;
    if (tiedTo !== undefined) {
      this.setInputEmbeddings(embeddings);
      return;
    }
    const { vocab_size: rows, embedding_size: columns } = this.config;
    const { shape, values } = floats("embeddings", embeddings);
    if (shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
      const expected = `[vocab_size ${rows}, embedding_size ${columns}]`;
      throw new InputError("embeddings", `expected ${expected}, got shape [${shape.join(", ")}]`);
    }
    write(0, values);
  }

  override resizeTokenEmbeddings(rows: number, options: { padToMultipleOf?: number; seed?: number } = {}): number {
    const size = super.resizeTokenEmbeddings(rows, options);
    this.#followVocabulary(options.seed);
    return size;
  }

  /** The decoder has as many rows as the embeddings; its kept rows and biases stay, new rows are drawn, new biases zero. */
  #followVocabulary(seed?: number): void {
    const { vocab_size: rows, embedding_size: columns, initializer_range: deviation } = this.config;
    const oldScope = this.#decoderScope;
    const { tiedTo, read } = this.parameter("generator_lm_head.weight")!;
    const weights = tiedTo === undefined ? resized(read(), rows * columns) : null;
    const bias = resized(this.#decoderBias.data, rows);
    this.#declareDecoder();
    if (weights !== null) {
      // Another stream than the one that has drawn the new word embeddings.
      new Random(seed === undefined ? undefined : seed + 1).fillNormal(
        weights.values.subarray(weights.kept),
        deviation,
      );
      this.parameter("generator_lm_head.weight")!.write(0, weights.values);
    }
    this.parameter("generator_lm_head.bias")!.write(0, bias.values);
    oldScope.dispose();
  }
}

/** The first `size` values, filled up with zeros; `kept` of them are old ones. */
function resized(old: Float32Array, size: number): { values: Float32Array; kept: number } {
  const kept = Math.min(size, old.length);
  const values = new Float32Array(size);
  values.set(old.subarray(0, kept));
  return { values, kept };
}

/**
 * The tokens among all of a batch that are asked for, and where those of each sequence begin.
 * @throws InputError for positions that are none of their sequence.
 */
export function askedTokens(
  positions: readonly ArrayLike<number>[],
  { offsets }: Sequences,
): { readonly tokens: number[]; readonly offsets: number[] } {
  const isList: boolean = Array.isArray(positions);
  if (!isList || positions.length !== offsets.length - 1) {
    throw new InputError("positions", "expected a list with one list of positions for each sequence");
  }
  const tokens: number[] = [];
  const ends = [0];
  for (const [index, list] of positions.entries()) {
    const start = offsets[index]!;
    const length = offsets[index + 1]! - start;
    for (const position of Array.from(list)) {
      if (!(Number.isInteger(position) && position >= 0 && position < length)) {
        throw new InputError(
          "positions",
          `${position} is no position of sequence ${index}, which has ${length} tokens`,
        );
      }
      tokens.push(start + position);
    }
    ends.push(tokens.length);
  }
  return { tokens, offsets: ends };
}

/** Mean cross-entropy over the labels that are not -100, of `[batch * length, vocab_size]`; null without labels. */
export function maskedLMLoss(
  config: ConvBertConfig,
  logits: Tensor<"float32">,
  { labels }: MaskedLMInputs,
): Tensor<"float32"> | null {
  if (labels == null) {
    return null;
  }
  const expected = { count: logits.extent(0), classes: config.vocab_size };
  return crossEntropy(logits, integerLabels(logits.backend, "labels", labels, expected));
}
