import * as tf from "@tensorflow/tfjs-core";
import { heapKernel, onHeap } from "./heap.js";

const copyParts = heapKernel<null>("ConvBertParts", ({ inputs: [input], outputs }) => {
  let start = 0;
  for (const output of outputs) {
    output.set(input!.subarray(start, start + output.length));
    start += output.length;
  }
});

/** The matrices of `[count, rows, columns]`, each `[rows, columns]`. Has no gradient of its own on every backend. */
export function matrices(x: tf.Tensor): tf.Tensor[] {
  const [count, ...shape] = x.shape as [number, number, number];
  if (count === 1) {
    return [tf.reshape(x, shape)];
  }
  return onHeap()
    ? copyParts([x], Array<number[]>(count).fill(shape), null)
    : Array.from({ length: count }, (_, index) => tf.reshape(tf.slice(x, [index, 0, 0], [1, -1, -1]), shape));
}
