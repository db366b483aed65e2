import { PanelProducts } from "@convbert/tensor/internal";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { TFConvBertForSequenceClassification, TFConvBertModel } from "../src/index.js";
import { onHeap } from "../src/kernels/heap.js";
import { PackedWeight } from "../src/kernels/linear.js";
import { dense } from "../src/ops/dense.js";
import { useBackend } from "./support.ts";

const CONFIG = {
  vocab_size: 11,
  hidden_size: 24,
  embedding_size: 10,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 20,
  conv_kernel_size: 3,
  max_position_embeddings: 8,
};
const IDS = [
  [1, 2, 3, 4, 5],
  [5, 6, 7, 9, 10],
];

beforeEach(() => useBackend("wasm"));

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, index) => Math.abs(actual[index]! - value))) / largest;
}

function outputOf(model: TFConvBertModel | TFConvBertForSequenceClassification): Float32Array {
  const predicted = model.predict(IDS) as tf.Tensor;
  const values = predicted.dataSync<"float32">().slice();
  predicted.dispose();
  return values;
}

/** What the model gives on cpu, where TensorFlow.js's own product runs. */
async function outputOnCpu(model: TFConvBertModel | TFConvBertForSequenceClassification): Promise<Float32Array> {
  await useBackend("cpu");
  const values = outputOf(model);
  await useBackend("wasm");
  return values;
}

/** Follows what is taken of the backend's memory from outside it: tensors, and what is kept beside them. */
function watchMemory() {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number; _free(at: number): void } };
  const { _malloc, _free } = wasm;
  const live = new Map<number, number>();
  wasm._malloc = (bytes) => {
    const at = _malloc(bytes);
    live.set(at, bytes);
    return at;
  };
  wasm._free = (at) => {
    live.delete(at);
    _free(at);
  };
  return {
    bytes: () => [...live.values()].reduce((sum, bytes) => sum + bytes, 0),
    stop: () => Object.assign(wasm, { _malloc, _free }),
  };
}

/** Another WebAssembly backend in place of the present one. */
async function newBackend(): Promise<void> {
  await useBackend("cpu");
  const factory = tf.findBackendFactory("wasm");
  tf.removeBackend("wasm");
  tf.registerBackend("wasm", factory);
  await useBackend("wasm");
}

describe("a product with a packed weight", () => {
  test.each([
    [1, 1, 1],
    [7, 5, 3],
    [13, 16, 8],
    [128, 70, 54],
    [250, 9, 17],
    [3, 4100, 9],
  ])("%i rows of %i by %i columns: value and gradients", async (rows, inputs, outputs) => {
    const shapes = [[rows, inputs], [inputs, outputs], [outputs]];
    const run = (packed?: PackedWeight) =>
      tf.tidy(() => {
        const tensors = shapes.map((shape, seed) => tf.randomNormal(shape, 0, 1, "float32", seed + 1));
        const product = (...[x, kernel, bias]: tf.Tensor[]) => dense(x!, kernel!, bias!, packed);
        const weighed = (...given: tf.Tensor[]) => {
          const result = product(...given);
          return tf.sum(tf.mul(result, tf.reshape(tf.range(1, result.size + 1, 1), result.shape)));
        };
        const results = [product(...tensors), product(...tensors), ...tf.grads(weighed)(tensors)];
        return results.map((result) => result.dataSync<"float32">().slice());
      });
    await useBackend("cpu");
    const expected = run();
    await useBackend("wasm");
    const packed = new PackedWeight();
    const before = tf.memory();
    const actual = run(packed);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    packed.release();
    for (const [index, values] of expected.entries()) {
      expect(largestDifference(actual[index]!, values)).toBeLessThan(index < 2 ? 2e-6 : 1e-5);
    }
  });

  test("follows a variable that is given other values", () => {
    const packed = new PackedWeight();
    const kernel = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
    const product = () => {
      const result = tf.tidy(() => dense(tf.tensor2d([1, 10], [1, 2]), kernel, tf.tensor1d([0.5, 0.25]), packed));
      return [...result.dataSync()];
    };
    expect(product()).toEqual([31.5, 42.25]);
    kernel.assign(tf.tensor2d([5, 6, 7, 8], [2, 2]));
    expect(product()).toEqual([75.5, 86.25]);
    kernel.dispose();
    packed.release();
  });

  test("has one weight after the other, of other shapes", () => {
    const packed = new PackedWeight();
    const sums = [
      [2, 3],
      [2, 9],
      [4, 3],
    ].map(([inputs, outputs]) => {
      const product = dense(tf.ones([1, inputs!]), tf.ones([inputs!, outputs!]), tf.zeros([outputs!]), packed);
      return [...product.dataSync()];
    });
    expect(sums).toEqual([Array(3).fill(2), Array(9).fill(2), Array(3).fill(4)]);
    packed.release();
  });

  test("of no rows is empty", () => {
    const packed = new PackedWeight();
    expect(dense(tf.zeros([0, 3]), tf.ones([3, 5]), tf.zeros([5]), packed).shape).toEqual([0, 5]);
    packed.release();
  });

  test("is left to TensorFlow.js where it is not WebAssembly's", async () => {
    await useBackend("cpu");
    expect(new PackedWeight().prepare(tf.ones([2, 2]))).toBe(false);
  });
});

describe("packed weights of a model", () => {
  test("are freed with it, and are not tensors", () => {
    const warm = TFConvBertModel.fromConfig(CONFIG, { seed: 1 });
    outputOf(warm);
    warm.dispose();
    const memory = watchMemory();
    try {
      const model = TFConvBertModel.fromConfig(CONFIG, { seed: 1 });
      const [fresh, tensors] = [memory.bytes(), tf.memory().numTensors];
      outputOf(model);
      // Without relaxed SIMD nothing is packed.
      const probe = new PackedWeight();
      expect(memory.bytes() > fresh).toBe(tf.tidy(() => probe.prepare(tf.ones([1, 1]))));
      probe.release();
      const used = memory.bytes();
      outputOf(model);
      expect(memory.bytes()).toBe(used);
      expect(tf.memory().numTensors).toBe(tensors);
      model.dispose();
      expect(memory.bytes()).toBe(0);
    } finally {
      memory.stop();
    }
  });

  test("follow setWeights", async () => {
    const [model, other] = [1, 2].map((seed) => TFConvBertModel.fromConfig(CONFIG, { seed })) as [
      TFConvBertModel,
      TFConvBertModel,
    ];
    const [first, second] = [outputOf(model), outputOf(other)];
    expect(largestDifference(first, second)).toBeGreaterThan(0.1);
    model.setWeights(other.getWeights());
    expect([...outputOf(model)]).toEqual([...second]);
    expect(largestDifference(outputOf(model), await outputOnCpu(other))).toBeLessThan(1e-5);
    model.dispose();
    other.dispose();
  });

  test("follow fit, and what is disposed leaves the other model as it was", async () => {
    const made = (seed: number) => TFConvBertForSequenceClassification.fromConfig(CONFIG, { seed });
    const [model, other] = [made(1), made(2)];
    const [before, others] = [outputOf(model), outputOf(other)];
    model.compile({ optimizer: tf.train.sgd(0.1) });
    await model.fit({ input_ids: IDS, labels: [0, 1] }, undefined, { epochs: 2, verbose: 0 });
    const after = outputOf(model);
    expect(largestDifference(after, before)).toBeGreaterThan(1e-3);
    expect(largestDifference(after, await outputOnCpu(model))).toBeLessThan(1e-5);
    model.dispose();
    expect([...outputOf(other)]).toEqual([...others]);
    other.dispose();
  });

  test("outlive a change of backends, and begin anew with a new one", async () => {
    const model = TFConvBertModel.fromConfig(CONFIG, { seed: 3 });
    const expected = await outputOnCpu(model);
    const first = outputOf(model);
    expect(largestDifference(first, expected)).toBeLessThan(1e-5);
    expect(largestDifference(await outputOnCpu(model), expected)).toBeLessThan(1e-6);
    expect([...outputOf(model)]).toEqual([...first]);
    // The weights are on cpu while the backend goes.
    await useBackend("cpu");
    outputOf(model);
    await newBackend();
    expect(onHeap()).toBe(true);
    expect([...outputOf(model)]).toEqual([...first]);
    model.dispose();
  });

  test("are not made where the engine has no tiles for them", async () => {
    const over = vi.spyOn(PanelProducts, "over").mockReturnValue(null);
    const model = TFConvBertModel.fromConfig(CONFIG, { seed: 4 });
    const expected = await outputOnCpu(model);
    try {
      await useBackend("cpu");
      outputOf(model);
      await newBackend();
      expect(tf.tidy(() => new PackedWeight().prepare(tf.ones([2, 2])))).toBe(false);
      expect(largestDifference(outputOf(model), expected)).toBeLessThan(1e-5);
      expect(over).toHaveBeenCalledOnce();
    } finally {
      over.mockRestore();
    }
    model.dispose();
    await newBackend();
  });
});
