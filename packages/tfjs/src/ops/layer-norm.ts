import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./with-gradient.js";

/**
 * Layer normalisation over the last axis: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
 * @param x `[..., channels]`.
 * @param gamma `[channels]`.
 * @param beta `[channels]`.
 * @returns the shape of `x`. Source: Ba, Kiros and Hinton 2016.
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor {
  const channels = gamma.shape[0]!;
  const rows = tf.reshape(x, [-1, channels]);
  const normalised = withGradient(
    [rows, gamma, beta],
    () => {
      const centred = tf.sub(rows, tf.mean(rows, 1, true));
      const scale = tf.rsqrt(tf.add(tf.mean(tf.mul(centred, centred), 1, true), epsilon));
      const normal = tf.mul(centred, scale);
      return { value: tf.add(tf.mul(normal, gamma), beta), saved: [normal, scale, gamma] };
    },
    (gradient, [normal, scale, weight]) => {
      const scaled = tf.mul(gradient, weight!);
      const along = tf.mean(tf.mul(scaled, normal!), 1, true);
      const inner = tf.sub(tf.sub(scaled, tf.mean(scaled, 1, true)), tf.mul(normal!, along));
      return [tf.mul(inner, scale!), tf.sum(tf.mul(gradient, normal!), 0), tf.sum(gradient, 0)];
    },
  );
  return tf.reshape(normalised, x.shape);
}
