import * as tf from "@tensorflow/tfjs-core";
import { productOfTransposed, productWithTransposed } from "./matrix-product.js";
import { withGradient } from "./with-gradient.js";

/**
 * `x W + b` over the last axis, for any leading axes.
 * @param x `[..., inputs]`.
 * @param kernel `[inputs, outputs]`, as Keras keeps it: the WebAssembly backend's fused product is wrong for transposed
 * factors.
 * @param bias `[outputs]`.
 * @returns `[..., outputs]`.
 */
export function dense(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [inputs, outputs] = kernel.shape as [number, number];
  const rows = tf.reshape(x, [-1, inputs]);
  const product = withGradient(
    [rows, kernel, bias],
    () => ({
      value: tf.fused.matMul({ a: rows as tf.Tensor2D, b: kernel as tf.Tensor2D, bias }),
      saved: [rows, kernel],
    }),
    (gradient, [a, b]) => [productWithTransposed(gradient, b!), productOfTransposed(a!, gradient), tf.sum(gradient, 0)],
  );
  return tf.reshape(product, [...x.shape.slice(0, -1), outputs]);
}
