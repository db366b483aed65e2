import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { batchedProduct } from "../src/ops/matrix-product.js";
import { useBackend } from "./support.ts";

beforeAll(() => useBackend("wasm"));

test.each([
  ["small matrices, all at once", 4],
  ["large matrices, one by one", 72],
])("%s: values and gradients are TensorFlow.js's own", (_name, size) => {
  const a = tf.randomNormal([3, size, size + 1], 0, 1, "float32", 1);
  const b = tf.randomNormal([3, size + 1, size + 2], 0, 1, "float32", 2);
  const run = (product: (left: tf.Tensor, right: tf.Tensor) => tf.Tensor) =>
    tf.valueAndGrads((left, right) => tf.sum(tf.square(product(left!, right!))))([a, b]);
  const [ours, theirs] = [run(batchedProduct), run((left, right) => tf.matMul(left, right))];
  for (const [index, gradient] of ours.grads.entries()) {
    const expected = theirs.grads[index]!.dataSync();
    const largest = Math.max(...expected.map(Math.abs));
    const worst = Math.max(...gradient.dataSync().map((value, i) => Math.abs(value - expected[i]!)));
    expect(worst / largest).toBeLessThan(1e-5);
  }
  expect(ours.value.dataSync()[0]! / theirs.value.dataSync()[0]!).toBeCloseTo(1, 5);
});
