import * as tf from "@tensorflow/tfjs-core";
import type { ModelCompileArgs } from "@tensorflow/tfjs-layers";

type Metrics = NonNullable<ModelCompileArgs["metrics"]>;

/** By the name that TensorFlow.js reports: how often the largest logit is the label's, where the label is not negative. */
const METRICS = {
  acc(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const predicted = tf.reshape(tf.argMax(logits, -1), [-1]);
      const wanted = tf.reshape(tf.cast(labels, "int32"), [-1]);
      const counts = tf.cast(tf.greaterEqual(wanted, 0), "float32");
      const right = tf.mul(tf.cast(tf.equal(predicted, wanted), "float32"), counts);
      return tf.div(tf.sum(right), tf.sum(counts));
    });
  },
};

/**
 * Metrics for labels that are classes: TensorFlow.js takes labels of a loss that it does not know for one-hot rows, so
 * "accuracy" would compare other things.
 * @param isClasses false leaves them as they are, for regression.
 */
export function accuracyOf(metrics: Metrics, isClasses: boolean): Metrics {
  const translate = (metric: unknown) =>
    isClasses && (metric === "accuracy" || metric === "acc") ? METRICS.acc : metric;
  if (Array.isArray(metrics)) {
    return metrics.map(translate) as Metrics;
  }
  if (typeof metrics !== "object") {
    return translate(metrics) as Metrics;
  }
  const entries = Object.entries(metrics).map(([output, own]) => [
    output,
    Array.isArray(own) ? own.map(translate) : translate(own),
  ]);
  return Object.fromEntries(entries) as Metrics;
}
