import * as tf from "@tensorflow/tfjs-core";
import { onHeap } from "../kernels/heap.js";
import { normaliseRows } from "../kernels/norm.js";
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
  const normalise = (values: tf.Tensor) => {
    const centred = tf.sub(values, tf.mean(values, 1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.mul(centred, centred), 1, true), epsilon));
    return { normal: tf.mul(centred, scale), scale };
  };
  const normalised = withGradient(
    [rows, gamma, beta],
    () => {
      const value = onHeap()
        ? normaliseRows([rows, gamma, beta], [rows.shape], { epsilon })[0]!
        : tf.add(tf.mul(normalise(rows).normal, gamma), beta);
      return { value, saved: [rows, gamma] };
    },
    (gradient, [input, weight]) => {
      const { normal, scale } = normalise(input!);
      const scaled = tf.mul(gradient, weight!);
      const along = tf.mean(tf.mul(scaled, normal), 1, true);
      const inner = tf.sub(tf.sub(scaled, tf.mean(scaled, 1, true)), tf.mul(normal, along));
      return [tf.mul(inner, scale), tf.sum(tf.mul(gradient, normal), 0), tf.sum(gradient, 0)];
    },
  );
  return tf.reshape(normalised, x.shape);
}
