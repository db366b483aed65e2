import type { ConvBertConfig } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import type { Shape } from "@tensorflow/tfjs-layers";
import { type ConfigInput, configOf, savedConfig } from "../config.js";
import { ConvBertDense } from "./dense.js";
import { TFConvBertEmbeddings } from "./embeddings.js";
import { type EncoderOptions, type EncoderResult, TFConvBertEncoder } from "./encoder.js";
import { ConvBertLayer, Weights } from "./layer.js";

/** Added to the scores of tokens that are not attended to; PyTorch's models take float32's minimum. */
const MASKED = -10_000;

export interface MainLayerOptions {
  readonly config: ConfigInput;
  readonly name?: string;
  readonly trainable?: boolean;
  /** Where new weights come from; they are drawn by default. */
  readonly weights?: Weights;
}

/** Tensors of one batch, `[batch, length]` each. */
export interface MainLayerInputs {
  /** Ids, int32; or embeddings `[batch, length, embedding_size]`. */
  readonly words: tf.Tensor;
  /** 1 for tokens to attend to, 0 for padding; null attends to all. */
  readonly mask: tf.Tensor | null;
  readonly types: tf.Tensor | null;
  readonly positions: tf.Tensor | null;
}

/**
 * Embeddings and encoder of every model (the reference's `TFConvBertMainLayer`). In a model's graph it takes
 * `[input_ids, attention_mask, token_type_ids, position_ids]`, `[batch, length]` or `[batch, choices, length]` each, and
 * gives `[batch, length, hidden_size]`, choices being sequences of their own.
 */
export class TFConvBertMainLayer extends ConvBertLayer {
  static readonly className: string = "TFConvBertMainLayer";
  config: ConvBertConfig;
  readonly embeddings: TFConvBertEmbeddings;
  readonly encoder: TFConvBertEncoder;
  readonly #project: ConvBertDense | null;

  constructor(options: MainLayerOptions) {
    const { name: root = "convbert", weights = new Weights() } = options;
    super(root, { root, path: "", weights }, options);
    const config = configOf(options.config);
    this.config = config;
    this.embeddings = this.part(new TFConvBertEmbeddings(config, this.inside("embeddings")));
    const { embedding_size: inputs, hidden_size: outputs } = config;
    const name = "embeddings_project";
    this.#project =
      inputs === outputs ? null : this.part(new ConvBertDense(name, this.inside(name), { inputs, outputs }));
    this.encoder = this.part(new TFConvBertEncoder(config, this.inside("encoder")));
  }

  /** Runs outside a graph, with what a graph cannot give. */
  run({ words, mask, types, positions }: MainLayerInputs, options: EncoderOptions): EncoderResult {
    const embedded = this.embeddings.run({ words, types, positions }, options.training);
    const first = this.#project?.run(embedded) ?? embedded;
    const [batch, length] = first.shape as [number, number];
    const added =
      mask === null ? null : tf.mul(tf.sub(1, tf.reshape(tf.cast(mask, "float32"), [batch, 1, 1, length])), MASKED);
    return this.encoder.run(first, added, options);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean } = {}): tf.Tensor {
    return tf.tidy(() => {
      const [words, mask = null, types = null, positions = null] = [inputs].flat().map((input) => {
        return tf.reshape(input, [-1, input.shape.at(-1)!]);
      });
      const { training = false } = kwargs;
      return this.run({ words: words!, mask, types, positions }, { training, hiddenStates: false, attentions: false })
        .last;
    });
  }

  override computeOutputShape(shapes: Shape | Shape[]): (number | null)[] {
    const first = (Array.isArray(shapes[0]) ? shapes[0] : shapes) as (number | null)[];
    return [first.length === 2 ? first[0]! : null, first.at(-1)!, this.config.hidden_size];
  }

  override getConfig() {
    return { ...super.getConfig(), config: savedConfig(this.config) };
  }
}
