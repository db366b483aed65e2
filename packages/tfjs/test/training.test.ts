import * as tf from "@tensorflow/tfjs-core";
import { generator } from "@tensorflow/tfjs-data";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  TFConvBertForMaskedLM,
  TFConvBertForQuestionAnswering,
  TFConvBertForSequenceClassification,
  TFConvBertForTokenClassification,
  TFConvBertModel,
} from "../src/index.js";
import { batchOf, casesOf, classOf, fixture, readRecordings, useBackend } from "./support.ts";

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
};
const IDS = [
  [1, 2, 3, 4],
  [5, 6, 7, 0],
  [3, 3, 2, 1],
  [9, 8, 0, 0],
];
const MASK = [
  [1, 1, 1, 1],
  [1, 1, 1, 0],
  [1, 1, 1, 1],
  [1, 1, 0, 0],
];

const quiet = { verbose: 0 as const, shuffle: false, batchSize: 2 };

beforeAll(() => useBackend("wasm"));

describe("20 steps of Adam as TensorFlow 2.14 takes them", () => {
  test.each([
    ["sequence", "ConvBertForSequenceClassification"],
    ["masked-lm", "ConvBertForMaskedLM"],
    ["span", "ConvBertForQuestionAnswering"],
  ])("%s, on its own loss", async (name, head) => {
    const recorded = casesOf(await readRecordings(fixture(name), "cases.safetensors")).get("fit")!;
    const model = await classOf(head).fromPretrained(fixture(name));
    model.compile({ optimizer: tf.train.adam(1e-3) });
    const expected = Array.from(recorded.out["losses"]!.data);
    const losses: number[] = [];
    for (const [step] of expected.entries()) {
      losses.push((await model.trainOnBatch(batchOf(recorded.in, step))) as number);
    }
    const worst = Math.max(...losses.map((loss, step) => Math.abs(loss - expected[step]!)));
    expect(losses.at(-1)).not.toBeCloseTo(losses[0]!, 2);
    expect(worst).toBeLessThan(1e-4);
    model.dispose();
  });
});

describe("fit", () => {
  let model: TFConvBertForSequenceClassification;
  const x = { input_ids: IDS, attention_mask: MASK };
  const labels = [0, 1, 1, 0];

  beforeEach(() => {
    model = TFConvBertForSequenceClassification.fromConfig({ ...CONFIG, hidden_dropout_prob: 0 }, { seed: 7 });
    return () => model.dispose();
  });

  test("labels in x and in y are the same training, with callbacks, accuracy and validation", async () => {
    const seen: number[] = [];
    const run = async (inputs: object, y?: number[]) => {
      const own = TFConvBertForSequenceClassification.fromConfig(
        { ...CONFIG, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
        { seed: 7 },
      );
      own.compile({ optimizer: "sgd", metrics: ["accuracy"] });
      const { history } = await own.fit(inputs, y, {
        ...quiet,
        epochs: 2,
        validationData: [{ ...x, labels }, undefined] as never,
        callbacks: { onEpochEnd: (epoch) => void seen.push(epoch) },
      });
      own.dispose();
      return history;
    };
    const first = await run({ ...x, labels });
    expect(await run(x, labels)).toEqual(first);
    expect(Object.keys(first).toSorted()).toEqual(["acc", "loss", "val_acc", "val_loss"]);
    expect(seen).toEqual([0, 1, 0, 1]);
    expect([0, 0.25, 0.5, 0.75, 1]).toContain(first["acc"]![0]);
  });

  test("evaluate gives the mean of forward's losses and the accuracy of its logits", async () => {
    model.compile({ optimizer: "sgd", metrics: ["accuracy"] });
    const [loss, accuracy] = model.evaluate(x, labels, { batchSize: 2 }) as tf.Scalar[];
    const { logits, loss: each } = model.forward({ ...x, labels });
    const predicted = Array.from(tf.argMax(logits, 1).dataSync());
    expect(loss!.dataSync()[0]).toBeCloseTo(tf.mean(each!).dataSync()[0]!, 5);
    expect(accuracy!.dataSync()[0]).toBeCloseTo(predicted.filter((label, i) => label === labels[i]).length / 4, 5);
  });

  test("a frozen encoder stays as it is and the head learns", async () => {
    model.convbert.trainable = false;
    model.compile({ optimizer: tf.train.sgd(0.5) });
    const before = model.weights.map((weight) => [weight.originalName, weight.read().dataSync().slice()] as const);
    await model.fit(x, labels, quiet);
    const changed = before.filter(([name, values]) => {
      const now = model.weights.find((weight) => weight.originalName === name)!;
      return now.read().dataSync().join() !== values.join();
    });
    expect(changed.map(([name]) => name.split("/")[0])).toEqual(Array(4).fill("classifier"));
  });

  test("one block can be frozen alone", () => {
    const all = model.trainableWeights.length;
    model.convbert.encoder.layer[0]!.trainable = false;
    expect(model.trainableWeights.length).toBeLessThan(all);
    expect(model.weights.length).toBe(all);
    model.convbert.encoder.layer[0]!.trainable = true;
    expect(model.trainableWeights.length).toBe(all);
  });

  test("another loss by function or by name", async () => {
    const hot = tf.oneHot(labels, 2);
    const losses = [
      (y: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(tf.cast(y, "float32"), logits),
      "meanSquaredError",
    ];
    for (const loss of losses) {
      model.compile({ optimizer: tf.train.sgd(0.1), loss });
      const { history } = await model.fit(x, hot, { ...quiet, epochs: 3 });
      expect(history["loss"]).toHaveLength(3);
      expect(history["loss"]!.every((value) => Number.isFinite(value))).toBe(true);
    }
    expect(hot.isDisposed).toBe(false);
    hot.dispose();
  });

  test("class weights weigh the examples' losses", async () => {
    model.compile({ optimizer: tf.train.sgd(0) });
    const options = { ...quiet, batchSize: 4 };
    const doubled = await model.fit(x, labels, { ...options, classWeight: { 0: 2, 1: 2 } });
    model.convbert.trainable = true;
    const plain = await model.fit(x, labels, options);
    // Dropout of the attention differs from run to run.
    expect(Math.abs((doubled.history["loss"]![0] as number) / (plain.history["loss"]![0] as number) - 2)).toBeLessThan(
      0.2,
    );
    const tokens = TFConvBertForTokenClassification.fromConfig(CONFIG);
    tokens.compile({ optimizer: "sgd" });
    await expect(tokens.fit(x, IDS, { ...quiet, classWeight: { 0: 1 } })).rejects.toThrow("classWeight");
    tokens.dispose();
  });

  test("datasets, with { xs, ys } or with labels among the arguments", async () => {
    model.compile({ optimizer: "sgd" });
    const tensors = () => ({ input_ids: tf.tensor2d(IDS, [4, 4], "int32"), attention_mask: tf.tensor2d(MASK) });
    const elements = [
      () => ({ xs: tensors(), ys: tf.tensor1d(labels) }),
      () => ({ ...tensors(), labels: tf.tensor1d(labels, "int32") }),
    ];
    const dataset = (make: () => unknown) =>
      generator(function* () {
        yield make() as never;
        yield make() as never;
      });
    const before = tf.memory().numTensors;
    for (const make of elements) {
      const own = dataset(make) as never;
      const { history } = await model.fitDataset(own, {
        epochs: 2,
        verbose: 0,
        validationData: dataset(make) as never,
      });
      expect(Object.keys(history).toSorted()).toEqual(["loss", "val_loss"]);
      const evaluated = await model.evaluateDataset(dataset(make) as never);
      tf.dispose(evaluated);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a model without a loss of its own says so, and one that has none of the labels", async () => {
    const base = TFConvBertModel.fromConfig(CONFIG);
    expect(() => base.compile({ optimizer: "sgd" })).toThrow("TFConvBertModel has no loss of its own");
    base.dispose();
    model.compile({ optimizer: "sgd" });
    await expect(model.fit(x)).rejects.toThrow("labels: training needs labels");
    await expect(model.fit({ ...x, labels: [0, 1, 2, 0] })).rejects.toThrow("label 2 at element 2");
  });
});

describe("spans", () => {
  const make = () =>
    TFConvBertForQuestionAnswering.fromConfig(
      { ...CONFIG, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
      { seed: 3 },
    );
  const positions = { start_positions: [0, 1, 2, 0], end_positions: [1, 2, 3, 1] };

  test("one loss of two outputs: fit, evaluate and forward agree, and metrics go by output", async () => {
    const model = make();
    model.compile({ optimizer: tf.train.sgd(0), metrics: ["accuracy"] });
    const options = { ...quiet, batchSize: 4 };
    const { history } = await model.fit({ input_ids: IDS, ...positions }, undefined, {
      ...options,
      validationData: [{ input_ids: IDS }, positions] as never,
    });
    const evaluated = model.evaluate({ input_ids: IDS }, positions) as tf.Scalar[];
    const forward = tf.mean(model.forward({ input_ids: IDS, ...positions }).loss!).dataSync()[0]!;
    expect(Object.keys(history).toSorted()).toEqual(
      ["loss", "start_logits_acc", "end_logits_acc"].flatMap((name) => [name, `val_${name}`]).toSorted(),
    );
    expect(history["loss"]![0]).toBeCloseTo(forward, 5);
    expect(history["val_loss"]![0]).toBeCloseTo(forward, 5);
    expect(evaluated[0]!.dataSync()[0]).toBeCloseTo(forward, 5);
    expect(evaluated[1]!.dataSync()[0]).toBeCloseTo(history["start_logits_acc"]![0] as number, 5);
    expect(
      await model.trainOnBatch({ input_ids: IDS }, [positions.start_positions, positions.end_positions]),
    ).toHaveLength(3);
    model.dispose();
  });

  test("positions outside the sequence are refused, not clamped", () => {
    const model = make();
    const outside = { input_ids: IDS, start_positions: [0, 1, 2, 4], end_positions: [1, 2, 3, 3] };
    expect(() => model.forward(outside)).toThrow("start_positions: label 4 at element 3 is outside 0 to 3");
    model.dispose();
  });
});

describe("save and tf.loadLayersModel", () => {
  /** What an IO handler gets, and gives back as JSON would. */
  function memoryHandler() {
    let saved: tf.io.ModelArtifacts | undefined;
    return {
      save: async (artifacts: tf.io.ModelArtifacts) => {
        const { weightData, ...rest } = artifacts;
        saved = { ...JSON.parse(JSON.stringify(rest)), weightData };
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" as const } };
      },
      load: async () => saved!,
    };
  }

  test("the model comes back as what it was, label names included, with the optimizer's state", async () => {
    const id2label = { 0: "NOT_GOOD", 1: "veryGood", 2: "so_so" };
    const config = { ...CONFIG, id2label, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
    const model = TFConvBertForSequenceClassification.fromConfig(config, { seed: 1 });
    model.compile({ optimizer: tf.train.adam(0.01), metrics: ["accuracy"] });
    const data = { input_ids: IDS, labels: [0, 1, 2, 0] };
    await model.fit(data, undefined, { ...quiet, epochs: 2 });
    const handler = memoryHandler();
    await model.save(handler, { includeOptimizer: true });
    const loaded = (await loadLayersModel(handler)) as TFConvBertForSequenceClassification;
    expect(loaded).toBeInstanceOf(TFConvBertForSequenceClassification);
    expect(loaded.config.id2label).toEqual(id2label);
    expect((loaded.predict(IDS) as tf.Tensor).dataSync()).toEqual((model.predict(IDS) as tf.Tensor).dataSync());
    // The next step is the same one: the moments have come along, and the loss is the model's own again.
    const steps = await Promise.all([model, loaded].map((each) => each.trainOnBatch(data)));
    const further = await Promise.all([model, loaded].map((each) => each.trainOnBatch(data)));
    expect(steps[1]).toEqual(steps[0]);
    expect(further[1]).toEqual(further[0]);
    model.dispose();
    loaded.dispose();
  });

  test("every model comes back", async () => {
    for (const Model of [TFConvBertModel, TFConvBertForMaskedLM, TFConvBertForQuestionAnswering]) {
      const model = (Model as typeof TFConvBertModel).fromConfig(CONFIG, { seed: 1 });
      const handler = memoryHandler();
      await model.save(handler);
      const loaded = (await loadLayersModel(handler)) as typeof model;
      const [before, after] = [model, loaded].map((each) => [each.predict(IDS)].flat()[0]!.dataSync());
      expect(after).toEqual(before);
      model.dispose();
      loaded.dispose();
    }
  });
});

describe("memory", () => {
  test.each(["cpu", "wasm"] as const)("nothing is left on %s after calls and steps of training", async (backend) => {
    await useBackend(backend);
    const start = tf.memory().numTensors;
    const model = TFConvBertForQuestionAnswering.fromConfig(CONFIG);
    const optimizer = tf.train.adam();
    model.compile({ optimizer, metrics: ["accuracy"] });
    const data = { input_ids: IDS, start_positions: [0, 1, 2, 0], end_positions: [1, 2, 3, 1] };
    const round = async () => {
      const outputs = model.forward({ ...data, output_hidden_states: true, output_attentions: true });
      tf.dispose(Object.values(outputs).flat());
      tf.dispose(model.predict({ input_ids: IDS, attention_mask: MASK }));
      tf.dispose(model.predict({ inputs_embeds: tf.tidy(() => tf.zeros([2, 4, 8]).arraySync()) as number[][][] }));
      tf.dispose(model.evaluate(data));
      await model.fit(data, undefined, { ...quiet, validationData: [data, undefined] as never });
      await model.trainOnBatch(data);
    };
    await round(); // The optimizer makes its moments with the first step.
    const before = tf.memory().numTensors;
    await round();
    expect(tf.memory().numTensors).toBe(before);
    optimizer.dispose();
    model.dispose();
    // The optimizer keeps a few scalars until its end.
    expect(tf.memory().numTensors).toBe(start);
  });
});
