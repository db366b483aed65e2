import * as tf from "@tensorflow/tfjs-core";
import { matrices } from "../kernels/parts.js";
import { withGradient } from "./with-gradient.js";

// The WebAssembly backend multiplies two plain matrices 20 to 40 times faster than it multiplies transposed ones or
// several at once: what is to be transposed is transposed first, and large matrices of a batch go one by one.

/** Multiplications of one matrix from which on a call for it costs less than the slow way. */
const WORTH_A_CALL = 2 ** 17;

/** The last two axes exchanged. */
function transposed(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, x.rank === 2 ? [1, 0] : [0, 2, 1]);
}

/** `a bᵀ` of matrices. */
export function productWithTransposed(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.matMul(a, transposed(b));
}

/** `aᵀ b` of matrices. */
export function productOfTransposed(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.matMul(transposed(a), b);
}

/** Products of matrices side by side: `[count, rows, inner]` and `[count, inner, columns]`. */
function multiply(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [count, rows, inner] = a.shape as [number, number, number];
  const columns = b.shape[2]!;
  if (tf.getBackend() !== "wasm" || count === 1 || rows * inner * columns < WORTH_A_CALL) {
    return tf.matMul(a, b);
  }
  const rights = matrices(b);
  const products = matrices(a).map((left, index) => tf.matMul(left as tf.Tensor2D, rights[index] as tf.Tensor2D));
  return tf.stack(products);
}

/**
 * Products of matrices side by side, with gradients.
 * @param a `[count, rows, inner]`.
 * @param b `[count, inner, columns]`.
 * @returns `[count, rows, columns]`.
 */
export function batchedProduct(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return withGradient(
    [a, b],
    () => ({ value: multiply(a, b), saved: [a, b] }),
    (gradient, [left, right]) => [multiply(gradient, transposed(right!)), multiply(transposed(left!), gradient)],
  );
}
