import * as tf from "@tensorflow/tfjs-core";

/** What a forward pass gives: its value, and what its gradient needs of it. */
export interface ForwardPass {
  readonly value: tf.Tensor;
  readonly saved: readonly tf.Tensor[];
}

/**
 * An operation with a gradient of its own: TensorFlow.js's `customGrad`, typed. Intermediate tensors of `forward` and
 * `backward` are freed; only what is in `saved` is kept for the gradient, and only while a tape records.
 * @param inputs tensors that gradients flow to.
 * @param backward a gradient for each input, from the gradient of the value and what was saved.
 */
export function withGradient(
  inputs: readonly tf.Tensor[],
  forward: () => ForwardPass,
  backward: (gradient: tf.Tensor, saved: readonly tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  const operation = tf.customGrad((...values) => {
    const save = values.at(-1) as (tensors: tf.Tensor[]) => void;
    const { value, saved } = forward();
    save([...saved]);
    return { value, gradFunc: (gradient: tf.Tensor, kept: tf.Tensor[]) => backward(gradient, kept) };
  });
  return operation(...inputs);
}
