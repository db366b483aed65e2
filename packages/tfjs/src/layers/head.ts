import type { ConvBertConfig } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { type ConfigInput, configOf, savedConfig } from "../config.js";
import { ConvBertLayer, Weights } from "./layer.js";

export interface HeadOptions {
  readonly config: ConfigInput;
  readonly name: string;
  readonly trainable?: boolean;
  /** Where new weights come from; they are drawn by default. */
  readonly weights?: Weights;
}

/** A layer of a head: one tensor in, one out, in a model's graph and outside it. */
export abstract class HeadLayer extends ConvBertLayer {
  config: ConvBertConfig;

  constructor(options: HeadOptions) {
    const { name: root, weights = new Weights() } = options;
    super(root, { root, path: "", weights }, options);
    this.config = configOf(options.config);
  }

  /** The result for one tensor. */
  abstract run(x: tf.Tensor, training: boolean): tf.Tensor;

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean } = {}): tf.Tensor {
    return tf.tidy(() => this.run([inputs].flat()[0]!, kwargs.training ?? false));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), config: savedConfig(this.config) };
  }
}
