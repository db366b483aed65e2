import * as tf from "@tensorflow/tfjs-core";
import { layers, type Shape } from "@tensorflow/tfjs-layers";

/** One column of the spans' logits: `[batch, length, 2]` to `[batch, length]`. */
export class TFConvBertColumn extends layers.Layer {
  static readonly className: string = "TFConvBertColumn";
  readonly #index: number;

  constructor(options: { readonly name: string; readonly index: number }) {
    super({ name: options.name });
    this.#index = options.index;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => column([inputs].flat()[0]!, this.#index));
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape {
    return (shape as Shape).slice(0, -1);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), index: this.#index };
  }
}

/** A column of the last axis, without that axis. */
export function column(x: tf.Tensor, index: number): tf.Tensor {
  const [batch, length] = x.shape as [number, number, number];
  return tf.reshape(tf.slice(x, [0, 0, index], [batch, length, 1]), [batch, length]);
}

/** Scores of choices beside each other: `[batch * choices, 1]` and `input_ids` to `[batch, choices]`. */
export class TFConvBertChoices extends layers.Layer {
  static readonly className: string = "TFConvBertChoices";

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [scores, ids] = inputs as [tf.Tensor, tf.Tensor];
    return tf.tidy(() => tf.reshape(scores, [-1, ids.shape[1]!]));
  }

  override computeOutputShape(shapes: Shape | Shape[]): Shape {
    const [, ids] = shapes as [Shape, Shape];
    return [ids[0]!, ids[1]!];
  }
}
