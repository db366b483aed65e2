import * as tf from "@tensorflow/tfjs-core";
import { onHeap } from "../kernels/heap.js";
import { sumTaps } from "../kernels/taps.js";
import { withGradient } from "./with-gradient.js";

/**
 * The span-based dynamic convolution (section 3.2 of the paper): each token of each head weighs its neighbours with a
 * kernel of its own. A multiply-add for each tap, where the reference unfolds the values and multiplies thousands of tiny
 * matrices.
 * @param values `[batch, length, heads * size]`; zeros are around the sequence.
 * @param kernels `[batch * length * heads, taps]`, taps odd.
 * @returns the shape of the values.
 */
export function dynamicConvolution(values: tf.Tensor, kernels: tf.Tensor, heads: number): tf.Tensor {
  const [batch, length, channels] = values.shape as [number, number, number];
  const taps = kernels.shape[1]!;
  const size = channels / heads;
  const half = taps >> 1;
  const surround = (sequence: tf.Tensor) =>
    tf.pad(sequence, [
      [0, 0],
      [half, half],
      [0, 0],
      [0, 0],
    ]);
  const perHead = (x: tf.Tensor) => tf.reshape(x, [batch, length, heads, size]);
  const shift = (padded: tf.Tensor, tap: number, width = size) =>
    tf.slice(padded, [0, tap, 0, 0], [batch, length, heads, width]);
  /** A tap of every kernel; in the transposed kernels it lies together. */
  const weight = (transposed: tf.Tensor, tap: number) =>
    tf.reshape(tf.slice(transposed, [tap, 0], [1, -1]), [batch, length, heads, 1]);
  const sumOverTaps = (term: (tap: number) => tf.Tensor) => {
    let sum = tf.tidy(() => term(0));
    for (let tap = 1; tap < taps; tap++) {
      const last = sum;
      sum = tf.tidy(() => tf.add(last, term(tap)));
      last.dispose();
    }
    return sum;
  };
  return withGradient(
    [values, kernels],
    () => {
      if (onHeap()) {
        const [value] = sumTaps([values, kernels], [values.shape], { batch, length, heads, size, taps });
        return { value: value!, saved: [values, kernels] };
      }
      const padded = surround(perHead(values));
      const transposed = tf.transpose(kernels, [1, 0]);
      const sums = sumOverTaps((tap) => tf.mul(shift(padded, tap), weight(transposed, tap)));
      return { value: tf.reshape(sums, values.shape), saved: [values, kernels] };
    },
    (flat, [input, weights]) => {
      const gradient = perHead(flat);
      const transposed = tf.transpose(weights!, [1, 0]);
      const padded = surround(perHead(input!));
      const rows = Array.from({ length: taps }, (_, tap) =>
        tf.tidy(() => tf.reshape(tf.sum(tf.mul(gradient, shift(padded, tap)), 3), [batch * length * heads])),
      );
      // What a value gave to a neighbour comes back from there, by the neighbour's kernel.
      const around = surround(gradient);
      const ofValues = sumOverTaps((tap) =>
        tf.mul(shift(around, taps - 1 - tap), shift(surround(weight(transposed, tap)), taps - 1 - tap, 1)),
      );
      return [tf.reshape(ofValues, values.shape), tf.transpose(tf.stack(rows), [1, 0])];
    },
  );
}
