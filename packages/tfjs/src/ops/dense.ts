import * as tf from "@tensorflow/tfjs-core";
import { linear, type PackedWeight } from "../kernels/linear.js";
import { productOfTransposed, productWithTransposed } from "./matrix-product.js";
import { withGradient } from "./with-gradient.js";

/**
 * `x W + b` over the last axis, for any leading axes.
 * @param x `[..., inputs]`.
 * @param kernel `[inputs, outputs]`, as Keras keeps it: the WebAssembly backend's fused product is wrong for transposed
 * factors.
 * @param bias `[outputs]`.
 * @param packed the kernel's copy for WebAssembly, of a kernel that is there for longer than this product.
 * @returns `[..., outputs]`.
 */
export function dense(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, packed?: PackedWeight): tf.Tensor {
  const [inputs, outputs] = kernel.shape as [number, number];
  const rows = tf.reshape(x, [-1, inputs]);
  const product = withGradient(
    [rows, kernel, bias],
    () => ({
      value: packed?.prepare(kernel)
        ? linear([rows, kernel, bias], [[rows.shape[0]!, outputs]], { packed, dataId: kernel.dataId })[0]!
        : tf.fused.matMul({ a: rows as tf.Tensor2D, b: kernel as tf.Tensor2D, bias }),
      saved: [rows, kernel],
    }),
    (gradient, [a, b]) => [productWithTransposed(gradient, b!), productOfTransposed(a!, gradient), tf.sum(gradient, 0)],
  );
  return tf.reshape(product, [...x.shape.slice(0, -1), outputs]);
}
