import * as tf from "@tensorflow/tfjs-core";
import type { Shape } from "@tensorflow/tfjs-layers";
import { activation } from "../ops/activation.js";
import { dropout } from "../ops/dropout.js";
import { ConvBertDense } from "./dense.js";
import { HeadLayer, type HeadOptions } from "./head.js";

/**
 * One vector for a sequence: by `summary_type` the last position (the default, even where that is padding; "cls_index"
 * without an index is the same), the first, or the mean of all; then a projection and an activation where the
 * configuration has them.
 */
export class TFSequenceSummary extends HeadLayer {
  static readonly className: string = "TFSequenceSummary";
  /** Channels of the result. */
  readonly size: number;
  readonly #projection: ConvBertDense | null;

  constructor(options: HeadOptions) {
    super(options);
    const { hidden_size: inputs, num_labels, summary_use_proj, summary_proj_to_labels } = this.config;
    this.size = summary_use_proj && summary_proj_to_labels && num_labels > 0 ? num_labels : inputs;
    const shape = { inputs, outputs: this.size, deviation: this.config.initializer_range };
    this.#projection = summary_use_proj ? this.part(new ConvBertDense("summary", this.inside("summary"), shape)) : null;
  }

  /** `[batch, length, hidden_size]` to `[batch, size]`. */
  override run(x: tf.Tensor, training: boolean): tf.Tensor {
    const { summary_type, summary_activation, summary_first_dropout, summary_last_dropout } = this.config;
    const [batch, length, hidden] = x.shape as [number, number, number];
    const at = (position: number) => tf.reshape(tf.slice(x, [0, position, 0], [batch, 1, hidden]), [batch, hidden]);
    const pooled = summary_type === "first" ? at(0) : summary_type === "mean" ? tf.mean(x, 1) : at(length - 1);
    const dropped = dropout(pooled, summary_first_dropout, training);
    const projected = this.#projection?.run(dropped) ?? dropped;
    const activated = summary_activation === null ? projected : activation(summary_activation)(projected);
    return dropout(activated, summary_last_dropout, training);
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape {
    return [(shape as Shape)[0]!, this.size];
  }
}
