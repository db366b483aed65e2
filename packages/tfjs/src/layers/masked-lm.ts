import * as tf from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { gelu } from "../ops/activation.js";
import { dense } from "../ops/dense.js";
import { ConvBertDense } from "./dense.js";
import type { TFConvBertEmbeddings } from "./embeddings.js";
import { HeadLayer, type HeadOptions } from "./head.js";
import { ConvBertLayerNorm } from "./layer-norm.js";

/** Down to `embedding_size`; the activation is always gelu, whatever `hidden_act`. */
export class TFConvBertGeneratorPredictions extends HeadLayer {
  static readonly className: string = "TFConvBertGeneratorPredictions";
  readonly #norm: ConvBertLayerNorm;
  readonly #dense: ConvBertDense;

  constructor(options: HeadOptions) {
    super(options);
    const { hidden_size: inputs, embedding_size: outputs, layer_norm_eps } = this.config;
    this.#norm = this.part(new ConvBertLayerNorm(this.inside("LayerNorm"), outputs, layer_norm_eps));
    this.#dense = this.part(new ConvBertDense("dense", this.inside("dense"), { inputs, outputs }));
  }

  override run(x: tf.Tensor): tf.Tensor {
    return this.#norm.run(gelu(this.#dense.run(x)));
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape {
    return [...(shape as Shape).slice(0, -1), this.config.embedding_size];
  }
}

/** The map to the vocabulary: the word embeddings, which are the encoder's, and a bias of its own. */
export class TFConvBertMaskedLMHead extends HeadLayer {
  static readonly className: string = "TFConvBertMaskedLMHead";
  readonly #embeddings: TFConvBertEmbeddings;
  #bias!: LayerVariable;

  constructor(options: HeadOptions & { readonly embeddings: TFConvBertEmbeddings }) {
    super(options);
    this.#embeddings = options.embeddings;
  }

  protected override declare(): void {
    this.#bias = this.weight("bias", [this.config.vocab_size], initializers.zeros());
  }

  override run(x: tf.Tensor): tf.Tensor {
    return dense(x, tf.transpose(this.#embeddings.words.read(), [1, 0]), this.#bias.read());
  }

  /** The bias, `[vocab_size]`. */
  get bias(): LayerVariable {
    return this.#bias;
  }

  replaceBias(bias: tf.Tensor): void {
    this.#bias = this.replace(this.#bias, bias);
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape {
    return [...(shape as Shape).slice(0, -1), this.config.vocab_size];
  }
}
