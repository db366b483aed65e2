import * as tf from "@tensorflow/tfjs-core";
import { batchedProduct } from "./matrix-product.js";

/**
 * The grouped linear map of ConvBERT's feed-forward (section 3.3 of the paper): channels fall into groups, each with a map
 * of its own.
 * @param x `[..., inputs]`.
 * @param kernel `[outputs / groups, inputs / groups, groups]`, as the reference's TensorFlow keeps it.
 * @param bias `[outputs]`.
 * @returns `[..., outputs]`.
 */
export function groupedDense(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [outputs, inputs, groups] = kernel.shape as [number, number, number];
  const perGroup = tf.transpose(tf.reshape(x, [-1, groups, inputs]), [1, 0, 2]);
  const products = batchedProduct(perGroup, tf.transpose(kernel, [2, 1, 0]));
  const joined = tf.reshape(tf.transpose(products, [1, 0, 2]), [...x.shape.slice(0, -1), groups * outputs]);
  return tf.add(joined, bias);
}
