import * as tf from "@tensorflow/tfjs-core";
import type { Shape } from "@tensorflow/tfjs-layers";
import { activation } from "../ops/activation.js";
import { dropout } from "../ops/dropout.js";
import { ConvBertDense } from "./dense.js";
import { HeadLayer, type HeadOptions } from "./head.js";

/** Classifies a sequence by its first token: dense, `hidden_act`, and a map to the labels. */
export class TFConvBertClassificationHead extends HeadLayer {
  static readonly className: string = "TFConvBertClassificationHead";
  readonly #dense: ConvBertDense;
  readonly #out: ConvBertDense;

  constructor(options: HeadOptions) {
    super(options);
    const { hidden_size: inputs, num_labels, initializer_range: deviation } = this.config;
    this.#dense = this.part(new ConvBertDense("dense", this.inside("dense"), { inputs, outputs: inputs, deviation }));
    this.#out = this.part(
      new ConvBertDense("out_proj", this.inside("out_proj"), { inputs, outputs: num_labels, deviation }),
    );
  }

  /** `[batch, length, hidden_size]` to `[batch, num_labels]`. */
  override run(x: tf.Tensor, training: boolean): tf.Tensor {
    const { classifier_dropout, hidden_dropout_prob, hidden_act, hidden_size } = this.config;
    const rate = classifier_dropout ?? hidden_dropout_prob;
    const first = tf.reshape(tf.slice(x, [0, 0, 0], [-1, 1, hidden_size]), [-1, hidden_size]);
    const dense = activation(hidden_act)(this.#dense.run(dropout(first, rate, training)));
    return this.#out.run(dropout(dense, rate, training));
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape {
    return [(shape as Shape)[0]!, this.config.num_labels];
  }
}
