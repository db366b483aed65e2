import * as tf from "@tensorflow/tfjs-core";

/** Drops elements while training and scales the others up; otherwise `x` itself. */
export function dropout(x: tf.Tensor, rate: number, training: boolean): tf.Tensor {
  return training && rate > 0 ? tf.dropout(x, rate) : x;
}
