import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { activation } from "../src/ops/activation.js";
import { dynamicConvolution } from "../src/ops/dynamic-convolution.js";
import { layerNorm } from "../src/ops/layer-norm.js";
import { batchedProduct } from "../src/ops/matrix-product.js";
import { useBackend } from "./support.ts";

interface Evaluated {
  readonly value: ArrayLike<number>;
  readonly grads: readonly ArrayLike<number>[];
}

/** Value and gradients, the latter from weights that differ. */
function evaluate(operation: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: readonly [number[], number][]): Evaluated {
  return tf.tidy(() => {
    const tensors = inputs.map(([shape, seed]) => tf.randomNormal(shape, 0, 1.5, "float32", seed));
    const value = operation(...tensors);
    const weighed = (...given: tf.Tensor[]) => {
      const result = operation(...given);
      return tf.sum(tf.mul(result, tf.reshape(tf.range(0, result.size, 1), result.shape)));
    };
    const grads = tf.grads(weighed)(tensors);
    return { value: value.dataSync().slice(), grads: grads.map((gradient) => gradient.dataSync().slice()) };
  });
}

function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}

// On cpu the operations are TensorFlow.js's, on WebAssembly they have kernels of this package's own.
describe("WebAssembly's own kernels give what TensorFlow.js's operations give", () => {
  const convolve = (heads: number) => (values: tf.Tensor, kernels: tf.Tensor) =>
    dynamicConvolution(values, kernels, heads);
  const normalise = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => layerNorm(x, gamma, beta, 1e-5);
  const cases: [string, (...inputs: tf.Tensor[]) => tf.Tensor, [number[], number][]][] = [
    [
      "dynamic convolution",
      convolve(2),
      [
        [[2, 7, 16], 1],
        [[28, 5], 2],
      ],
    ],
    [
      "dynamic convolution, heads of 3 and 7 channels",
      convolve(2),
      [
        [[1, 4, 14], 3],
        [[8, 3], 4],
      ],
    ],
    [
      "dynamic convolution, fewer tokens than taps",
      convolve(1),
      [
        [[2, 2, 3], 5],
        [[4, 9], 6],
      ],
    ],
    [
      "dynamic convolution, one tap",
      convolve(3),
      [
        [[1, 5, 12], 7],
        [[15, 1], 8],
      ],
    ],
    [
      "normalisation",
      normalise,
      [
        [[3, 5, 16], 9],
        [[16], 10],
        [[16], 11],
      ],
    ],
    [
      "normalisation of an odd number of channels",
      normalise,
      [
        [[4, 7], 12],
        [[7], 13],
        [[7], 14],
      ],
    ],
    ["gelu", activation("gelu"), [[[3, 70], 15]]],
    [
      "products of large matrices",
      batchedProduct,
      [
        [[3, 72, 70], 16],
        [[3, 70, 66], 17],
      ],
    ],
  ];

  test.each(cases)("%s", async (_name, operation, inputs) => {
    await useBackend("cpu");
    const expected = evaluate(operation, inputs);
    await useBackend("wasm");
    const before = tf.memory().numTensors;
    const actual = evaluate(operation, inputs);
    expect(tf.memory().numTensors).toBe(before);
    expect(distance(actual.value, expected.value)).toBeLessThan(2e-6);
    for (const [index, gradient] of actual.grads.entries()) {
      expect(distance(gradient, expected.grads[index]!)).toBeLessThan(1e-5);
    }
  });
});

describe("gelu on WebAssembly", () => {
  beforeAll(() => useBackend("wasm"));

  // Of torch.nn.functional.gelu in float64.
  test.each([
    [-1e30, 0],
    [-7, -8.958667e-12],
    [-5.999, -5.955098e-9],
    [-3, -0.0040496940949],
    [-0.5, -0.15426877],
    [0, 0],
    [1e-3, 5.00398942e-4],
    [0.75, 0.5800294736],
    [2.5, 2.4844758366],
    [6.001, 6.0009999941],
    [1e30, 1e30],
  ])("of %f", (x, expected) => {
    const [value] = activation("gelu")(tf.tensor1d([x])).dataSync();
    expect(Math.abs(value! - expected)).toBeLessThan(2e-7 * Math.max(1, Math.abs(x)));
    expect(Math.abs(value!)).toBeLessThanOrEqual(Math.abs(Math.fround(x)));
  });

  test("of what is no number", () => {
    expect(activation("gelu")(tf.tensor1d([Number.NaN])).dataSync()[0]).toBeNaN();
  });
});
