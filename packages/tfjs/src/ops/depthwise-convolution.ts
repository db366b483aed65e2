import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./with-gradient.js";

/**
 * Each channel convolved along the sequence with a filter of its own, zeros around the sequence. The gradient of the
 * values is the same convolution with the taps reversed, that of the filter sums shifted slices: the WebAssembly backend
 * has no kernels for either.
 * @param x `[batch, length, channels]`.
 * @param kernel `[taps, channels, 1]`, taps odd.
 * @returns `[batch, length, channels]`.
 */
export function depthwiseConvolution(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  const [taps, channels] = kernel.shape as [number, number, number];
  const [batch, length] = x.shape as [number, number, number];
  const convolve = (values: tf.Tensor, filter: tf.Tensor) => {
    const image = tf.reshape(values, [batch, length, 1, channels]) as tf.Tensor4D;
    const taller = tf.reshape(filter, [taps, 1, channels, 1]) as tf.Tensor4D;
    return tf.reshape(tf.depthwiseConv2d(image, taller, 1, "same"), [batch, length, channels]);
  };
  return withGradient(
    [x, kernel],
    () => ({ value: convolve(x, kernel), saved: [x, kernel] }),
    (gradient, [input, filter]) => {
      const padded = tf.pad(input!, [
        [0, 0],
        [taps >> 1, taps >> 1],
        [0, 0],
      ]);
      const rows = Array.from({ length: taps }, (_, tap) =>
        tf.tidy(() => tf.sum(tf.mul(gradient, tf.slice(padded, [0, tap, 0], [batch, length, channels])), [0, 1])),
      );
      return [convolve(gradient, tf.reverse(filter!, 0)), tf.reshape(tf.stack(rows), [taps, channels, 1])];
    },
  );
}
