import { ParameterBuffers } from "@convbert/nn";
import { DropoutGenerator, Tape } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import {
  ConvBertForMultipleChoice,
  type ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
  type ConvBertWithHead,
  MODEL_CLASSES,
  type TrainingLossOptions,
} from "../src/index.js";

const TINY = {
  vocab_size: 37,
  hidden_size: 16,
  embedding_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 16,
  initializer_range: 0.3,
  num_labels: 2,
};

const ids = [
  [5, 6, 7, 8, 9],
  [10, 11, 0, 0, 0],
  [12, 13, 14, 0, 0],
];
const lengths = [5, 2, 3];
const mask = lengths.map((length) => ids[0]!.map((_, at) => (at < length ? 1 : 0)));
const tokens = [
  [1, -100, 0, 1, 1],
  [0, 1, -100, -100, -100],
  [-100, 1, 0, -100, -100],
];

interface Case {
  readonly name: keyof typeof MODEL_CLASSES;
  readonly labels: Record<string, unknown>;
  /** The labels of one sequence alone, and how many losses it has. */
  readonly one: (index: number, length: number) => [Record<string, unknown>, number];
}

const tokenCase = (name: Case["name"]): Case => ({
  name,
  labels: { labels: tokens },
  one: (index, length) => {
    const labels = tokens[index]!.slice(0, length);
    return [{ labels: [labels] }, labels.filter((label) => label !== -100).length];
  },
});

const CASES: readonly Case[] = [
  {
    name: "ConvBertForSequenceClassification",
    labels: { labels: [1, 0, 1] },
    one: (index) => [{ labels: [[1, 0, 1][index]] }, 1],
  },
  tokenCase("ConvBertForTokenClassification"),
  tokenCase("ConvBertForMaskedLM"),
  {
    name: "ConvBertForQuestionAnswering",
    labels: { start_positions: [1, 0, 2], end_positions: [4, 1, 2] },
    one: (index) => [{ start_positions: [[1, 0, 2][index]], end_positions: [[4, 1, 2][index]] }, 1],
  },
];

async function gradients(
  model: ConvBertWithHead,
  inputs: object,
  options: Omit<TrainingLossOptions, "tape"> = {},
  names: (name: string) => boolean = () => true,
) {
  using buffers = new ParameterBuffers(
    model.backend,
    [...model.parameters()].filter(({ name }) => names(name)),
  );
  using tape = new Tape(model.backend, buffers.store);
  using loss = await model.trainingLoss(inputs, { ...options, tape });
  const steps = tape.length;
  tape.backward(loss);
  return {
    loss: loss.item(),
    steps,
    byName: new Map([...buffers.names()].map((name) => [name, buffers.slot(name).read()])),
  };
}

function load(name: Case["name"]): Promise<ConvBertWithHead> {
  const Model = MODEL_CLASSES[name] as unknown as typeof ConvBertForSequenceClassification;
  return Model.fromConfig(TINY, { seed: 3 }) as unknown as Promise<ConvBertWithHead>;
}

describe("training without padding", () => {
  it.each(CASES)("gives $name the loss and gradients of each sequence alone", async ({ name, labels, one }) => {
    using model = await load(name);
    const together = await gradients(model, { input_ids: ids, attention_mask: mask, ...labels }, { unpadded: true });
    const sums = new Map<string, Float64Array>();
    let total = 0;
    let count = 0;
    for (const [index, length] of lengths.entries()) {
      const [own, weight] = one(index, length);
      const alone = await gradients(model, { input_ids: [ids[index]!.slice(0, length)], ...own });
      total += weight * alone.loss;
      count += weight;
      for (const [parameter, values] of alone.byName) {
        const sum = sums.get(parameter) ?? new Float64Array(values.length);
        sums.set(parameter, sum);
        for (const [at, value] of values.entries()) {
          sum[at]! += weight * value;
        }
      }
    }
    expect(together.loss).toBeCloseTo(total / count, 5);
    for (const [parameter, values] of together.byName) {
      const largest = sums.get(parameter)!.reduce((most, value) => Math.max(most, Math.abs(value) / count), 1e-2);
      for (const [at, value] of values.entries()) {
        expect(Math.abs(value - sums.get(parameter)![at]! / count), parameter).toBeLessThan(2e-5 * largest);
      }
    }
  });

  it("leaves the padded batch's loss as the reference has it by default", async () => {
    using model = await load("ConvBertForSequenceClassification");
    const inputs = { input_ids: ids, attention_mask: mask, labels: [1, 0, 1] };
    const { loss } = await (model as unknown as ConvBertForSequenceClassification).forward(inputs);
    expect((await gradients(model, inputs)).loss).toBe(loss!);
    expect((await gradients(model, inputs, { unpadded: true })).loss).not.toBeCloseTo(loss!, 5);
  });

  it("refuses what it cannot leave out", async () => {
    using model = await load("ConvBertForSequenceClassification");
    const run = (attention_mask: unknown) =>
      gradients(model, { input_ids: ids, attention_mask, labels: [1, 0, 1] }, { unpadded: true });
    await expect(run(mask.map((row) => row.map(() => 0)))).rejects.toThrow("sequence 0 is nothing but padding");
    await expect(run(mask.map((row) => row.map(() => 0.5)))).rejects.toThrow("0 or 1 everywhere");
    await expect(run(mask.map(() => mask[0]!.map(() => mask[1]!)))).rejects.toThrow("attention_mask");
  });
});

describe("training", () => {
  const inputs = { input_ids: ids, attention_mask: mask, labels: [1, 0, 1] };

  it("drops the same elements for the same seed and step, others for others, none without a generator", async () => {
    using model = await load("ConvBertForSequenceClassification");
    const run = async (seed: number, step: number, checkpointing = false) => {
      const result = await gradients(model, inputs, { dropout: new DropoutGenerator(seed, step), checkpointing });
      return [result.loss, ...result.byName.values()];
    };
    const first = await run(1, 1);
    expect(await run(1, 1)).toEqual(first);
    expect(await run(1, 1, true)).toEqual(first);
    expect((await run(1, 2))[0]).not.toBe(first[0]);
    expect((await run(2, 1))[0]).not.toBe(first[0]);
    expect((await gradients(model, inputs)).loss).not.toBe(first[0]);
  });

  it("keeps the expectation of what it drops from", async () => {
    using model = await ConvBertForTokenClassification.fromConfig(
      { ...TINY, num_hidden_layers: 0, hidden_dropout_prob: 0, classifier_dropout: 0.5 },
      { seed: 3 },
    );
    const labels = tokens;
    const plain = (await gradients(model as ConvBertWithHead, { input_ids: ids, labels })).loss;
    let mean = 0;
    for (let step = 0; step < 400; step++) {
      const dropout = new DropoutGenerator(0, step);
      mean += (await gradients(model as ConvBertWithHead, { input_ids: ids, labels }, { dropout })).loss / 400;
    }
    // The loss bends upwards, so its mean lies above; but not far.
    expect(mean).toBeGreaterThan(plain);
    expect(mean).toBeLessThan(plain * 1.6);
  });

  it("does nothing below the lowest trained layer, and leaves frozen parameters without gradients", async () => {
    using model = await load("ConvBertForSequenceClassification");
    const all = await gradients(model, inputs);
    const head = await gradients(model, inputs, {}, (name) => name.startsWith("classifier."));
    const upper = await gradients(model, inputs, {}, (name) => /layer\.1\.|classifier/.test(name));
    expect(head.byName.size).toBe(4);
    expect(head.steps).toBe(4);
    expect(upper.steps).toBeLessThan(all.steps * 0.62);
    for (const part of [head, upper]) {
      for (const [name, values] of part.byName) {
        expect(values, name).toEqual(all.byName.get(name));
      }
    }
  });

  it("weighs classes and smooths labels", async () => {
    using model = await load("ConvBertForSequenceClassification");
    const plain = (await gradients(model, inputs)).loss;
    expect((await gradients(model, inputs, { classWeights: [1, 1] })).loss).toBeCloseTo(plain, 6);
    expect((await gradients(model, inputs, { classWeights: [1, 5] })).loss).not.toBeCloseTo(plain, 3);
    expect((await gradients(model, inputs, { labelSmoothing: 0.5 })).loss).not.toBeCloseTo(plain, 3);
    await expect(gradients(model, inputs, { classWeights: [1, 2, 3] })).rejects.toThrow("2 class weights");
  });

  it("asks for labels, and for some that count", async () => {
    using model = await load("ConvBertForSequenceClassification");
    await expect(gradients(model, { input_ids: ids })).rejects.toThrow("labels: training needs labels");
    using masked = await load("ConvBertForMaskedLM");
    const ignored = ids.map((row) => row.map(() => -100));
    await expect(gradients(masked, { input_ids: ids, labels: ignored })).rejects.toThrow("nothing to learn from");
    using answers = await load("ConvBertForQuestionAnswering");
    await expect(gradients(answers, { input_ids: ids })).rejects.toThrow("start_positions, end_positions");
  });

  it("trains each summary of multiple choice, with its dropouts", async () => {
    for (const summary_type of ["last", "first", "mean"] as const) {
      using model = await ConvBertForMultipleChoice.fromConfig(
        { ...TINY, summary_type, summary_use_proj: true, summary_activation: "tanh", summary_last_dropout: 0.2 },
        { seed: 3 },
      );
      const choice = { input_ids: [ids, ids], attention_mask: [mask, mask], labels: [2, 0] };
      const plain = await gradients(model as ConvBertWithHead, choice, { unpadded: summary_type === "mean" });
      const dropped = await gradients(model as ConvBertWithHead, choice, { dropout: new DropoutGenerator(1, 1) });
      expect(plain.byName.get("sequence_summary.summary.weight")!.some((value) => value !== 0)).toBe(true);
      expect(dropped.loss).not.toBe(plain.loss);
    }
  });

  it("frees everything it made", async () => {
    for (const { name, labels } of CASES) {
      using model = await load(name);
      const before = model.backend.memory().liveBlocks;
      await gradients(model, { input_ids: ids, attention_mask: mask, ...labels }, { unpadded: true });
      await gradients(model, { input_ids: ids, ...labels }, { checkpointing: true });
      await expect(gradients(model, { input_ids: ids })).rejects.toThrow();
      expect(model.backend.memory().liveBlocks).toBe(before);
    }
  });
});
