import { join } from "node:path";
import type * as TfjsCore from "../../../packages/tfjs/node_modules/@tensorflow/tfjs-core";
import { readTensors } from "../cases.ts";
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

/** A step of the plain port: the reference's classifier on it, cross-entropy, Adam. Gives the loss. */
export function plainStep(tf: Tf, folders: { encoder: string; classifier: string }, labels: readonly number[]) {
  const plain = new TfjsConvBert(differentiable(tf) as unknown as Tfjs, folders.encoder);
  const encoder = plain.trainable() as unknown as TfjsCore.Variable[];
  const stored = readTensors(join(folders.classifier, "model.safetensors"));
  const variable = (name: string) => {
    const { shape, bytes } = stored.get(`classifier.${name}`)!;
    const tensor = tf.tensor(new Float32Array(bytes()), shape);
    return tf.variable(shape.length === 2 ? tf.transpose(tensor, [1, 0]) : tensor);
  };
  const head = ["dense.weight", "dense.bias", "out_proj.weight", "out_proj.bias"].map(variable);
  const [dense, denseBias, project, projectBias] = head as unknown as [Tensor, Tensor, Tensor, Tensor];
  const width = dense.shape[0]!;
  const optimizer = tf.train.adam(5e-4);
  const wanted = tf.oneHot(labels as number[], 2);
  return (words: Tensor): number => {
    const segments = tf.zeros(words.shape, "int32");
    const loss = optimizer.minimize(
      () => {
        const states = plain.forward(words as never, segments as never) as unknown as Tensor;
        const first = tf.reshape(tf.slice(states, [0, 0, 0], [-1, 1, -1]), [-1, width]);
        const inner = tf.add(tf.matMul(first, dense), denseBias);
        const gelu = tf.mul(tf.mul(inner, 0.5), tf.add(tf.erf(tf.mul(inner, Math.SQRT1_2)), 1));
        const logits = tf.add(tf.matMul(gelu, project), projectBias);
        return tf.losses.softmaxCrossEntropy(wanted, logits) as TfjsCore.Scalar;
      },
      true,
      [...encoder, ...(head as TfjsCore.Variable[])],
    )!;
    const [value] = loss.dataSync();
    tf.dispose([loss, segments]);
    return value!;
  };
}
