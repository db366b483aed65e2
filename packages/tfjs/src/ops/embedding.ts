import * as tf from "@tensorflow/tfjs-core";
import { withGradient } from "./with-gradient.js";

/**
 * Rows of a table. The gradient adds up with `scatterND`: the WebAssembly backend has no kernel for the sum over segments
 * that the built-in gradient of `gather` takes.
 * @param table `[rows, channels]`.
 * @param ids int32 of any shape, below `rows`.
 * @returns `[...ids, channels]`.
 */
export function embedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [rows, channels] = table.shape as [number, number];
  return withGradient(
    [table],
    () => ({ value: tf.gather(table, ids as tf.Tensor1D), saved: [ids] }),
    (gradient, [indices]) => [
      tf.scatterND(tf.reshape(indices!, [-1, 1]), tf.reshape(gradient, [-1, channels]), [rows, channels]),
    ],
  );
}
