import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./with-gradient.js";

/**
 * Cross-entropy of each prediction (Keras's `SparseCategoricalCrossentropy` from logits, without a reduction); NaN for a
 * label that is no class, as TensorFlow has it on accelerators.
 * @param labels `[count]` int32.
 * @param logits `[count, classes]`.
 * @returns `[count]`.
 */
export function crossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const classes = logits.shape[1]!;
  return withGradient(
    [logits],
    () => {
      // The WebAssembly backend writes the bits of integers, whatever type it is asked for.
      const wanted = tf.cast(tf.oneHot(labels, classes), "float32");
      const inside = tf.logicalAnd(tf.greaterEqual(labels, 0), tf.less(labels, classes));
      const loss = tf.sub(tf.logSumExp(logits, 1), tf.sum(tf.mul(wanted, logits), 1));
      return { value: tf.where(inside, loss, tf.fill(loss.shape, Number.NaN)), saved: [logits, wanted] };
    },
    (gradient, [scores, wanted]) => [tf.mul(tf.expandDims(gradient, 1), tf.sub(tf.softmax(scores!, 1), wanted!))],
  );
}
