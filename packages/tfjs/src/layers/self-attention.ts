import type { ConvBertConfig } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable } from "@tensorflow/tfjs-layers";
import { PackedWeight } from "../kernels/linear.js";
import { dense } from "../ops/dense.js";
import { depthwiseConvolution } from "../ops/depthwise-convolution.js";
import { dropout } from "../ops/dropout.js";
import { dynamicConvolution } from "../ops/dynamic-convolution.js";
import { batchedProduct } from "../ops/matrix-product.js";
import { ConvBertDense } from "./dense.js";
import { ConvBertLayer, type LayerScope } from "./layer.js";

/** Depthwise along the sequence, then pointwise (Keras's `SeparableConv1D`). */
class SeparableConvolution extends ConvBertLayer {
  static readonly className: string = "ConvBertSeparableConvolution";
  readonly #config: ConvBertConfig;
  readonly #width: number;
  readonly #packed = new PackedWeight();
  #depthwise!: LayerVariable;
  #pointwise!: LayerVariable;
  #bias!: LayerVariable;

  constructor(name: string, scope: LayerScope, config: ConvBertConfig, width: number) {
    super(name, scope);
    this.#config = config;
    this.#width = width;
  }

  protected override declare(): void {
    const { hidden_size: hidden, conv_kernel_size: taps, initializer_range: deviation } = this.#config;
    const { weights } = this.scope;
    this.#depthwise = this.weight("depthwise_kernel", [taps, hidden, 1], weights.normal(1 / taps));
    this.#pointwise = this.weight("pointwise_kernel", [1, hidden, this.#width], weights.normal(deviation));
    this.#bias = this.weight("bias", [this.#width], initializers.zeros());
  }

  protected override release(): void {
    this.#packed.release();
  }

  run(x: tf.Tensor): tf.Tensor {
    const pointwise = tf.reshape(this.#pointwise.read(), [this.#config.hidden_size, this.#width]);
    return dense(depthwiseConvolution(x, this.#depthwise.read()), pointwise, this.#bias.read(), this.#packed);
  }
}

export interface Mixed {
  /** `[batch, length, hidden_size]`. */
  readonly states: tf.Tensor;
  /** `[batch, heads, length, length]`. */
  readonly attention: tf.Tensor;
}

/** Attention on half of the channels, span-based dynamic convolution on the other half, side by side. */
export class TFConvBertSelfAttention extends ConvBertLayer {
  static readonly className: string = "TFConvBertSelfAttention";
  readonly #config: ConvBertConfig;
  readonly #query: ConvBertDense;
  readonly #key: ConvBertDense;
  readonly #value: ConvBertDense;
  readonly #span: SeparableConvolution;
  readonly #kernel: ConvBertDense;
  readonly #out: ConvBertDense;

  constructor(config: ConvBertConfig, scope: LayerScope) {
    super("self", scope);
    this.#config = config;
    const {
      hidden_size: inputs,
      attentionHeads: heads,
      attentionHeadSize: size,
      initializer_range: deviation,
    } = config;
    const width = heads * size;
    const linear = (name: string, from: number, outputs: number) =>
      this.part(new ConvBertDense(name, this.inside(name), { inputs: from, outputs, deviation }));
    this.#query = linear("query", inputs, width);
    this.#key = linear("key", inputs, width);
    this.#value = linear("value", inputs, width);
    const span = "key_conv_attn_layer";
    this.#span = this.part(new SeparableConvolution(span, this.inside(span), config, width));
    this.#kernel = linear("conv_kernel_layer", width, heads * config.conv_kernel_size);
    this.#out = linear("conv_out_layer", inputs, width);
  }

  /** @param mask added to the scores, `[batch, 1, 1, length]`; null where every token is attended to. */
  run(x: tf.Tensor, mask: tf.Tensor | null, training: boolean): Mixed {
    const { attentionHeads: heads, attentionHeadSize: size, conv_kernel_size: taps } = this.#config;
    const [batch, length] = x.shape as [number, number, number];
    const query = this.#query.run(x);

    /** `[batch * heads, length, size]`, or with the last two axes exchanged. */
    const perHead = (states: tf.Tensor, axes: [number, number]) => {
      const ordered = tf.transpose(tf.reshape(states, [batch, length, heads, size]), [0, 2, ...axes]);
      return tf.reshape(ordered, [batch * heads, ...ordered.shape.slice(2)]);
    };
    const scaled = tf.mul(query, 1 / Math.sqrt(size));
    const products = batchedProduct(perHead(scaled, [1, 3]), perHead(this.#key.run(x), [3, 1]));
    const scores = tf.reshape(products, [batch, heads, length, length]);
    const attention = tf.softmax(mask === null ? scores : tf.add(scores, mask));
    const kept = dropout(attention, this.#config.attention_probs_dropout_prob, training);
    const contexts = batchedProduct(
      tf.reshape(kept, [batch * heads, length, length]),
      perHead(this.#value.run(x), [1, 3]),
    );
    const ordered = tf.transpose(tf.reshape(contexts, [batch, heads, length, size]), [0, 2, 1, 3]);
    const context = tf.reshape(ordered, [batch, length, heads * size]);

    const raw = this.#kernel.run(tf.mul(this.#span.run(x), query));
    const kernels = tf.softmax(tf.reshape(raw, [batch * length * heads, taps]));
    const convolved = dynamicConvolution(this.#out.run(x), kernels, heads);
    return { states: tf.concat([context, convolved], 2), attention };
  }
}
