import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./with-gradient.js";

/**
 * Each channel convolved along the sequence with a filter of its own, zeros around the sequence: for each tap a shifted
 * slice, weighed. Slices have gradients on every backend; the WebAssembly one has none of the depthwise kernels'.
 * @param x `[batch, length, channels]`.
 * @param kernel `[taps, channels, 1]`, taps odd.
 * @returns `[batch, length, channels]`.
 */
export function depthwiseConvolution(x: tf.Tensor, kernel: tf.Tensor): tf.Tensor {
  const [taps, channels] = kernel.shape as [number, number, number];
  const [batch, length] = x.shape as [number, number, number];
  const shift = (padded: tf.Tensor, tap: number) => tf.slice(padded, [0, tap, 0], [batch, length, channels]);
  const surround = (values: tf.Tensor) =>
    tf.pad(values, [
      [0, 0],
      [taps >> 1, taps >> 1],
      [0, 0],
    ]);
  const row = (filter: tf.Tensor, tap: number) => tf.reshape(tf.slice(filter, [tap, 0, 0], [1, -1, 1]), [channels]);
  const convolve = (padded: tf.Tensor, tapOf: (index: number) => tf.Tensor) => {
    let sum = tf.mul(shift(padded, 0), tapOf(0));
    for (let tap = 1; tap < taps; tap++) {
      const last = sum;
      sum = tf.tidy(() => tf.add(last, tf.mul(shift(padded, tap), tapOf(tap))));
      last.dispose();
    }
    return sum;
  };
  return withGradient(
    [x, kernel],
    () => ({ value: convolve(surround(x), (tap) => row(kernel, tap)), saved: [x, kernel] }),
    (gradient, [input, filter]) => {
      const padded = surround(input!);
      const rows = Array.from({ length: taps }, (_, tap) =>
        tf.tidy(() => tf.sum(tf.mul(gradient, shift(padded, tap)), [0, 1])),
      );
      return [
        convolve(surround(gradient), (tap) => row(filter!, taps - 1 - tap)),
        tf.reshape(tf.stack(rows), [taps, channels, 1]),
      ];
    },
  );
}
