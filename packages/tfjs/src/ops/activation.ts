import type { ConvBertConfig } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { onHeap } from "../kernels/heap.js";
import { normalLogits } from "../kernels/normal-logits.js";
import { withGradient } from "./with-gradient.js";

type ActivationName = ConvBertConfig["hidden_act"];
type Activation = (x: tf.Tensor) => tf.Tensor;

const tanhGelu: Activation = (x) => {
  const inner = tf.mul(tf.mul(x, Math.sqrt(2 / Math.PI)), tf.add(tf.mul(tf.mul(x, x), 0.044715), 1));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
};
const silu: Activation = (x) => tf.mul(x, tf.sigmoid(x));

/** The normal distribution's function, within 1e-7 of 1. */
function normalShare(x: tf.Tensor): tf.Tensor {
  return onHeap()
    ? tf.sigmoid(normalLogits([x], [x.shape], null)[0]!)
    : tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** `x Phi(x)`, Phi being the normal distribution's function; the derivative is `Phi(x) + x phi(x)`. */
export function gelu(x: tf.Tensor): tf.Tensor {
  return withGradient(
    [x],
    () => {
      const share = normalShare(x);
      return { value: tf.mul(x, share), saved: [x, share] };
    },
    (gradient, [input, share]) => {
      const density = tf.mul(tf.exp(tf.mul(tf.mul(input!, input!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [tf.mul(gradient, tf.add(share!, tf.mul(input!, density)))];
    },
  );
}

/** The functions by the names that config.json has for them (transformers 4.34, `activations_tf.py` and `activations.py`). */
const ACTIVATIONS: Readonly<Record<ActivationName, Activation>> = {
  gelu,
  gelu_python: gelu,
  gelu_10: (x) => tf.clipByValue(gelu(x), -10, 10),
  gelu_accurate: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the reference has these digits.
  laplace: (x) => tf.mul(tf.add(tf.erf(tf.div(tf.sub(x, 0.707107), 0.282095 * Math.SQRT2)), 1), 0.5),
  linear: (x) => x,
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  quick_gelu: (x) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))),
  relu: (x) => tf.relu(x),
  relu2: (x) => tf.square(tf.relu(x)),
  relu6: (x) => tf.clipByValue(x, 0, 6),
  sigmoid: (x) => tf.sigmoid(x),
  silu,
  swish: silu,
  tanh: (x) => tf.tanh(x),
};

/** An activation by its name in config.json; what it gives has the shape of what it takes. */
export function activation(name: ActivationName): Activation {
  return ACTIVATIONS[name];
}
