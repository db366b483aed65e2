import * as tf from "@tensorflow/tfjs-core";
import { type CustomCallbackArgs, callbacks, type Logs } from "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TFConvBertForQuestionAnswering, TFConvBertForSequenceClassification } from "../src/index.js";
import { useBackend } from "./support.ts";

// What people use of Keras, on a model of this package.

const CONFIG = {
  vocab_size: 11,
  hidden_size: 8,
  embedding_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 8,
  conv_kernel_size: 3,
  max_position_embeddings: 8,
  pad_token_id: 0,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};
const IDS = [
  [1, 2, 3, 4],
  [5, 6, 7, 0],
  [3, 3, 2, 1],
  [9, 8, 0, 0],
];
const LABELS = [0, 1, 1, 0];
const QUIET = { verbose: 0 as const, shuffle: false, batchSize: 2 };

let model: TFConvBertForSequenceClassification;
beforeAll(() => useBackend("wasm"));
beforeEach(() => {
  model = TFConvBertForSequenceClassification.fromConfig(CONFIG, { seed: 7 });
});
afterEach(() => void model.dispose());

/** The model's losses as they are now. */
const losses = () => Array.from(model.forward({ input_ids: IDS, labels: LABELS }).loss!.dataSync());
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("callbacks", () => {
  test("every moment of a training is told, with logs", async () => {
    const seen: string[] = [];
    const note =
      (name: string) =>
      (...given: unknown[]) => {
        const logs = given.at(-1) as Logs | undefined;
        seen.push(`${name} ${Object.keys(logs ?? {}).join()}`.trim());
      };
    const names = ["onTrainBegin", "onTrainEnd", "onEpochBegin", "onEpochEnd", "onBatchBegin", "onBatchEnd"] as const;
    model.compile({ optimizer: "sgd", metrics: ["accuracy"] });
    await model.fit(IDS, LABELS, {
      ...QUIET,
      epochs: 1,
      callbacks: Object.fromEntries(names.map((name) => [name, note(name)])) as CustomCallbackArgs,
    });
    expect(seen).toEqual([
      "onTrainBegin",
      "onEpochBegin",
      "onBatchBegin",
      "onBatchEnd batch,size,loss,acc",
      "onBatchBegin",
      "onBatchEnd batch,size,loss,acc",
      "onEpochEnd loss,acc",
      "onTrainEnd",
    ]);
  });

  test("early stopping looks at the validation's loss, and stopTraining ends a training", async () => {
    model.compile({ optimizer: tf.train.sgd(0) });
    const validationData = [IDS, LABELS] as never;
    const early = callbacks.earlyStopping({ monitor: "val_loss", patience: 2 });
    const stopped = await model.fit(IDS, LABELS, { ...QUIET, epochs: 9, validationData, callbacks: early });
    expect(stopped.history["val_loss"]).toHaveLength(3);
    const ended = await model.fit(IDS, LABELS, {
      ...QUIET,
      epochs: 9,
      callbacks: {
        onEpochEnd: (epoch) => {
          model.stopTraining = epoch === 1;
        },
      },
    });
    expect(ended.history["loss"]).toHaveLength(2);
  });
});

describe("data", () => {
  test("a part of it can be held out, and is not trained on", async () => {
    model.compile({ optimizer: tf.train.sgd(0) });
    const { history } = await model.fit(IDS, LABELS, { ...QUIET, validationSplit: 0.5 });
    const each = losses();
    expect(history["loss"]![0]).toBeCloseTo(mean(each.slice(0, 2)), 5);
    expect(history["val_loss"]![0]).toBeCloseTo(mean(each.slice(2)), 5);
  });

  test("class weights are factors of the examples' losses", async () => {
    model.compile({ optimizer: tf.train.sgd(0) });
    const { history } = await model.fit(IDS, LABELS, { ...QUIET, batchSize: 4, classWeight: { 0: 2, 1: 0.5 } });
    const weighed = losses().map((loss, index) => loss * (LABELS[index] === 0 ? 2 : 0.5));
    expect(history["loss"]![0]).toBeCloseTo(mean(weighed), 5);
  });

  test("weights of examples, which TensorFlow.js has not, are refused and not dropped", async () => {
    model.compile({ optimizer: "sgd" });
    const sampleWeight = tf.ones([4]);
    await expect(model.fit(IDS, LABELS, { ...QUIET, sampleWeight })).rejects.toThrow("sample weight");
    sampleWeight.dispose();
  });

  test("the last batch can be smaller", async () => {
    model.compile({ optimizer: tf.train.sgd(0) });
    const { history } = await model.fit(IDS, LABELS, { ...QUIET, batchSize: 3 });
    expect(history["loss"]![0]).toBeCloseTo(mean(losses()), 5);
    expect((model.predict(IDS, { batchSize: 3 }) as tf.Tensor).shape).toEqual([4, 2]);
    expect((model.predictOnBatch(IDS) as tf.Tensor).shape).toEqual([4, 2]);
  });
});

describe("layers", () => {
  test("are listed, found by name and described", () => {
    expect(model.layers.map((layer) => [layer.name, layer.getClassName()])).toEqual([
      ["input_ids", "InputLayer"],
      ["attention_mask", "InputLayer"],
      ["token_type_ids", "InputLayer"],
      ["position_ids", "InputLayer"],
      ["convbert", "TFConvBertMainLayer"],
      ["classifier", "TFConvBertClassificationHead"],
    ]);
    expect(model.getLayer("convbert")).toBe(model.convbert);
    const lines: string[] = [];
    model.summary(100, undefined, (line) => lines.push(String(line)));
    const parameters = model.weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a! * b!, 1)!, 0);
    expect(model.countParams()).toBe(parameters);
    expect(lines.join("\n")).toContain(`Total params: ${parameters}`);
    expect(lines.join("\n")).toMatch(/classifier \(TFConvBertC.*\[null,2\]/);
  });

  test("weights can be taken out and put back, in another model too", () => {
    const other = TFConvBertForSequenceClassification.fromConfig(CONFIG, { seed: 8 });
    const logits = (from: typeof model) => Array.from((from.predict(IDS) as tf.Tensor).dataSync());
    expect(logits(other)).not.toEqual(logits(model));
    other.setWeights(model.getWeights());
    expect(logits(other)).toEqual(logits(model));
    other.dispose();
  });

  test("frozen weights take no part in the summary's trainable ones, and stay as they are", async () => {
    const all = model.countParams();
    model.convbert.trainable = false;
    model.compile({ optimizer: tf.train.adam(0.1) });
    const lines: string[] = [];
    model.summary(100, undefined, (line) => lines.push(String(line)));
    const head = 8 * 8 + 8 + 8 * 2 + 2;
    expect(lines.join("\n")).toContain(`Trainable params: ${head}`);
    expect(lines.join("\n")).toContain(`Non-trainable params: ${all - head}`);
    const before = Array.from(model.getInputEmbeddings().read().dataSync());
    await model.fit(IDS, LABELS, QUIET);
    expect(Array.from(model.getInputEmbeddings().read().dataSync())).toEqual(before);
  });
});

describe("another loss", () => {
  test("takes the logits and y as they are; spans take one for each output", async () => {
    const own = (y: tf.Tensor, logits: tf.Tensor) => tf.tidy(() => tf.mean(tf.abs(tf.sub(logits, y)), -1));
    model.compile({ optimizer: tf.train.sgd(0), loss: own });
    const y = tf.tensor2d([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
    const { history } = await model.fit(IDS, y, { ...QUIET, batchSize: 4 });
    const distance = tf.mean(tf.abs(tf.sub(model.predict(IDS) as tf.Tensor, y))).dataSync()[0]!;
    expect(history["loss"]![0]).toBeCloseTo(distance, 5);

    const spans = TFConvBertForQuestionAnswering.fromConfig(CONFIG, { seed: 2 });
    spans.compile({ optimizer: tf.train.sgd(0), loss: { start_logits: own, end_logits: own } as never });
    const wanted = { start_logits: tf.zeros([4, 4]), end_logits: tf.ones([4, 4]) };
    const { history: of } = await spans.fit(IDS, wanted, { ...QUIET, batchSize: 4 });
    const [start, end] = spans.predict(IDS) as [tf.Tensor, tf.Tensor];
    const both = tf.add(tf.mean(tf.abs(start)), tf.mean(tf.abs(tf.sub(end, 1))));
    expect(of["loss"]![0]).toBeCloseTo(both.dataSync()[0]!, 5);
    spans.dispose();
  });
});
