import type * as TfjsCore from "../../../packages/tfjs/node_modules/@tensorflow/tfjs-core";
import { type Tfjs, TfjsConvBert } from "../contenders/tfjs-graph.ts";

type Tf = typeof TfjsCore;
type Tensor = TfjsCore.Tensor;

/**
 * TensorFlow.js with what its WebAssembly backend has no gradient of in the usual replacements: the sum over segments of
 * `gather` by `scatterND`, the depthwise convolution by shifted slices. Everything else has TensorFlow.js's gradients.
 */
function differentiable(tf: Tf): Tf {
  const gather = (table: Tensor, ids: Tensor) =>
    tf.customGrad((x) => ({
      value: tf.gather(x as Tensor, ids as TfjsCore.Tensor1D),
      gradFunc: (dy: Tensor) =>
        tf.scatterND(tf.reshape(ids, [-1, 1]), tf.reshape(dy, [-1, table.shape[1]!]), table.shape),
    }))(table);
  const depthwiseConv2d = (x: Tensor, filter: Tensor) => {
    const [taps, , channels] = filter.shape as [number, number, number];
    const [batch, length] = x.shape as [number, number];
    const padded = tf.pad(x, [
      [0, 0],
      [taps >> 1, taps >> 1],
      [0, 0],
      [0, 0],
    ]);
    const terms = Array.from({ length: taps }, (_, tap) => {
      const shifted = tf.slice(padded, [0, tap, 0, 0], [batch, length, 1, channels]);
      return tf.mul(shifted, tf.reshape(tf.slice(filter, [tap, 0, 0, 0], [1, 1, channels, 1]), [channels]));
    });
    return tf.addN(terms);
  };
  return { ...tf, gather, depthwiseConv2d } as unknown as Tf;
}

/** A step of the plain port: a classifier of the first token on it, cross-entropy, Adam. */
export function plainStep(tf: Tf, folder: string, labels: readonly number[]): (words: Tensor) => number {
  const plain = new TfjsConvBert(differentiable(tf) as unknown as Tfjs, folder);
  const encoder = plain.trainable() as unknown as TfjsCore.Variable[];
  const width = 256;
  const draw = (outputs: number) => tf.variable(tf.truncatedNormal([width, outputs], 0, 0.02));
  const [dense, project] = [draw(width), draw(2)];
  const optimizer = tf.train.adam(5e-4);
  const wanted = tf.oneHot(labels as number[], 2);
  return (words) => {
    const segments = tf.zeros(words.shape, "int32");
    const loss = optimizer.minimize(
      () => {
        const states = plain.forward(words as never, segments as never) as unknown as Tensor;
        const first = tf.reshape(tf.slice(states, [0, 0, 0], [-1, 1, -1]), [-1, width]);
        const inner = tf.matMul(first, dense);
        const gelu = tf.mul(tf.mul(inner, 0.5), tf.add(tf.erf(tf.mul(inner, Math.SQRT1_2)), 1));
        return tf.losses.softmaxCrossEntropy(wanted, tf.matMul(gelu, project)) as TfjsCore.Scalar;
      },
      true,
      [...encoder, dense, project],
    )!;
    const [value] = loss.dataSync();
    tf.dispose([loss, segments]);
    return value!;
  };
}
