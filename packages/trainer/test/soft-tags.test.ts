import { ConvBertForTokenClassification, type TokenClassificationInputs } from "@convbert/heads";
import { describe, expect, it } from "vitest";
import { sequenceParts } from "../src/collate/parts.js";
import {
  collectLabels,
  csv,
  DataError,
  evaluateTokenClassification,
  fineTune,
  jsonLines,
  LabelSet,
  memoryDataset,
  openDataset,
  predict,
  type TokenExample,
  Trainer,
  tokenClassificationCollator,
  tokenFields,
} from "../src/index.js";
import { difference } from "./recorded.js";
import { followsPyTorch, recordedSteps, type SoftCase, softLearning } from "./recorded-steps.js";
import { tokenizer as tiny, tinyConfig } from "./tiny.js";
import { left, right } from "./tokenizer.js";

const steps = await recordedSteps<SoftCase, { readonly lengths: readonly number[] }>("soft-tags");
const { recorded, tensors, runs } = steps;

function batchOf(name: string, step: number): TokenClassificationInputs {
  const { shape, data } = tensors.get(`${name}/${step}/ids`)!;
  const attention_mask = { shape, data: Int32Array.from(data, (id) => Number(id !== 0)) };
  const labels = tensors.get(`${name}/${step}/labels`)!;
  return { input_ids: { shape, data: Int32Array.from(data) }, attention_mask, labels };
}

describe.each(runs)("likelihoods of tags, %s, on the %s backend", (name, backend) => {
  const modelOf = async () => {
    const model = await ConvBertForTokenClassification.fromConfig(recorded.config, { backend });
    for (const parameter of model.parameters()) parameter.write(0, tensors.get(`start/${parameter.name}`)!.data);
    return model;
  };
  followsPyTorch<TokenClassificationInputs>({ name, steps, options: softLearning(recorded, name), modelOf, batchOf });
});

describe("tags that say how likely each tag is", () => {
  const where = { file: "words.jsonl", line: 3 };
  const read = (tags: unknown, tokens: unknown = ["Barack", "spoke"]): TokenExample =>
    tokenFields().read({ tokens, tags }, where);

  it("are objects of JSON, also in a cell, beside tags for certain", async () => {
    expect(read([{ "B-PER": 0.75, O: 0.25 }, "O"]).tags).toEqual([{ "B-PER": 0.75, O: 0.25 }, "O"]);
    expect(read([{ 0: 0.25, 1: 0.75 }, -100]).tags).toEqual([{ 0: 0.25, 1: 0.75 }, "-100"]);
    const table = `tokens,tags\na b,"[{'X': 0.5, 'O': 0.5}, 'O']"\n`;
    const cells = await openDataset(new TextEncoder().encode(table), csv(tokenFields()));
    expect((await cells.get(0)).tags).toEqual([{ X: 0.5, O: 0.5 }, "O"]);
    // Rounded numbers add up to 1 afterwards.
    const { X, O } = read([{ X: 0.33, O: 0.66 }, "O"]).tags![0] as Record<string, number>;
    expect(X! + O!).toBeCloseTo(1, 12);
  });

  it.each([
    [{ X: 0.5, O: 0.4 }],
    [{ X: 1.5, O: -0.5 }],
    [{ X: "most", O: 0 }],
    [{}],
    [{ X: null, O: 1 }],
    [{ "-100": 0.5, O: 0.5 }],
    [["X"]],
  ])("%j is no such tag", async (tag) => {
    const row = [
      ["O", "O"],
      [{ O: 1 }, tag],
    ]
      .map((tags) => JSON.stringify({ tokens: ["a", "b"], tags }))
      .join("\n");
    const reading = openDataset({ name: "words.jsonl", data: row }, jsonLines(tokenFields()));
    await expect(reading).rejects.toThrow(
      /^words\.jsonl:2: tags is .*; it must be a tag, or how likely each is .* add up to 1 \(word 2\)$/,
    );
    await expect(reading).rejects.toMatchObject({ name: "DataError", code: "invalid-value", field: "tags", line: 2 });
  });

  const examples: TokenExample[] = [
    {
      words: ["Barack", "unaffable", "it"],
      tags: [{ "B-PER": 0.75, O: 0.25 }, { "B-PER": 0.5, "I-PER": 0.25, O: 0.25 }, "O"],
    },
    { words: ["it", "film"], tags: ["-100", "B-PER"] },
  ];
  const names = ["B-PER", "I-PER", "O"];

  it("name the tags", async () => {
    expect((await collectLabels(memoryDataset(examples))).names).toEqual(names);
  });

  /** What the tokens of words shall be, `-` where they do not count. */
  const shown = (labels: unknown): string[] => {
    const { data, shape } = labels as { data: Float32Array; shape: readonly number[] };
    const width = shape.at(-1)!;
    return Array.from({ length: data.length / width }, (_, i) => {
      const row = [...data.subarray(i * width, (i + 1) * width)];
      return row.every((share) => share === 0) ? "-" : row.join(" ");
    });
  };

  it.each([
    [false, [["0.75 0 0.25", "0.5 0.25 0.25", "0 0 1"], ["1 0 0"]]],
    [true, [["0.75 0 0.25", "0.5 0.25 0.25", "0 0.75 0.25", "0 0.75 0.25", "0 0 1"], ["1 0 0"]]],
  ])("become a number for each tag of the tokens (labelAllTokens %j)", (labelAllTokens, [first, second]) => {
    for (const tokenizer of [right, left]) {
      const batch = tokenClassificationCollator(tokenizer, { labels: names, labelAllTokens }).collate(examples);
      const { labels, offsets } = batch.sequences as { labels: { shape: number[] }; offsets: ArrayLike<number> };
      expect(labels).toMatchObject({ data: expect.any(Float32Array), shape: [batch.tokens, 3] });
      const own = shown(labels);
      expect([own[0], own[offsets[1]! - 1]]).toEqual(["-", "-"]);
      expect(own.slice(0, offsets[1]).filter((row) => row !== "-")).toEqual(first);
      expect(own.slice(offsets[1]).filter((row) => row !== "-")).toEqual(second);
      expect(batch.targets).toBe(first!.length + second!.length);
      const { inputs } = batch;
      const [rows, length] = inputs.input_ids.shape as [number, number];
      expect(inputs.labels!.shape).toEqual([rows, length, 3]);
      const mask = inputs.attention_mask.data;
      const padded = shown(inputs.labels);
      expect(padded.filter((_, at) => mask[at] === 1)).toEqual(own);
      expect(new Set(padded.filter((_, at) => mask[at] === 0))).toEqual(new Set(["-"]));
      const parts = sequenceParts(batch, 1);
      expect(parts.flatMap((part) => shown(part.labels))).toEqual(own);
    }
  });

  it("stand in some batches only", () => {
    const { inputs } = tokenClassificationCollator(right, { labels: names }).collate([examples[1]!]);
    expect([...inputs.labels!.data]).toEqual([-100, -100, 0, -100]);
    expect(inputs.labels!.shape).toEqual([1, 4]);
  });

  it("are refused, or left out, where a tag is unknown or the numbers are wrong", () => {
    const collate = (tag: Record<string, number>, options: object = {}) =>
      tokenClassificationCollator(right, { labels: ["B-X", "O"], ...options }).collate([
        { words: ["a", "b"], tags: [tag, { O: 1 }] },
      ]);
    expect(() => collate({ "B-NEW": 0.5, O: 0.5 })).toThrow(/the label "B-NEW" is none of "B-X", "O"/);
    expect(collate({ "B-NEW": 0.5, O: 0.5 }, { unknownTags: "ignore" }).targets).toBe(1);
    expect(collate({ "B-NEW": 0, O: 1 }, { unknownTags: "ignore" }).targets).toBe(2);
    expect(() => collate({ O: 0.5 })).toThrow(DataError);
    expect(() => collate({})).toThrow(/the tag of word 1 is {}; it must be a tag, or how likely each is/);
  });

  it("are measured by the likeliest tag", async () => {
    using model = await ConvBertForTokenClassification.fromConfig({ ...recorded.config, vocab_size: right.length });
    const labels = new LabelSet(names);
    const collator = tokenClassificationCollator(right, { labels });
    const of = (...tags: NonNullable<TokenExample["tags"]>) => {
      const dataset = memoryDataset<TokenExample>([{ words: ["a", "film", "it"], tags }]);
      return evaluateTokenClassification(model, collator, { dataset, labels })({ step: 0 } as never);
    };
    for (const hard of [
      ["B-PER", "I-PER", "O"],
      ["O", "O", "B-PER"],
    ]) {
      const { loss: _, ...scores } = await of(...hard);
      const soft = hard.map((tag) => Object.fromEntries(names.map((name) => [name, name === tag ? 0.4 : 0.3])));
      const { loss, ...found } = await of(...soft);
      expect(found).toEqual(scores);
      expect(loss).toBeGreaterThan(0);
    }
  });
});

it("are measured as one by one, whatever counts of each text", async () => {
  using model = await ConvBertForTokenClassification.fromConfig({ ...recorded.config, vocab_size: right.length });
  const labels = new LabelSet(["B-PER", "I-PER", "O"]);
  const collator = tokenClassificationCollator(right, { labels });
  const likely = { "B-PER": 0.75, O: 0.25 };
  const dataset = memoryDataset<TokenExample>([
    { words: ["a", "film"], tags: ["-100", likely] },
    { words: ["a", "film", "it", "is"], tags: [likely, likely, { "I-PER": 1 }, likely] },
  ]);
  const lossOf = async (options: object) =>
    (await evaluateTokenClassification(model, collator, { dataset, labels, ...options })({}))["loss"]!;
  expect(await lossOf({ unpadded: true, batchSize: 2 })).toBeCloseTo(await lossOf({ batchSize: 1 }), 5);
});

describe("training on them", () => {
  const tagged: TokenExample[] = Array.from({ length: 12 }, (_, i) => ({
    words: ["the", "film", "is", "good", "it"].slice(0, 3 + (i % 3)),
    tags: [
      ...["O", i % 4 === 0 ? "B-x" : { "B-x": 0.8, O: 0.2 }, i % 3 === 0 ? "-100" : { O: 0.75, "I-x": 0.25 }],
      ...["I-x", "O"].slice(0, i % 3),
    ],
  }));
  const names = ["B-x", "I-x", "O"];
  const { id2label: _, label2id: __, ...config } = tinyConfig;
  const untrained = { ...config, num_labels: 3 };

  it.each([true, false])("teaches (unpadded %j)", async (unpadded) => {
    const losses: number[] = [];
    const result = await fineTune("token-classification", {
      ...{ config, tokenizer: tiny, seed: 3, batchSize: 4, epochs: 6, learningRate: 5e-3, unpadded },
      ...{ train: memoryDataset(tagged), evaluation: memoryDataset(tagged) },
      onEvent: (event) => {
        if (event.type === "step") losses.push(event.loss);
      },
    });
    using model = result.model;
    expect(Object.values(model.config.id2label)).toEqual(names);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.9);
  });

  it("takes the same steps in small batches as in large ones", async () => {
    const collator = tokenClassificationCollator(tiny, { labels: names });
    const run = async (batchSize: number, gradientAccumulation: number) => {
      using model = await ConvBertForTokenClassification.fromConfig(untrained, { seed: 1 });
      await new Trainer({
        ...{ model, train: memoryDataset(tagged), collate: collator.collate, seed: 5, epochs: 2, dropout: false },
        ...{ batchSize, gradientAccumulation, learningRate: 0.5, unpadded: true, optimizer: "sgd" },
      }).train();
      return [...model.parameters()].map((parameter) => [parameter.name, parameter.read()] as const);
    };
    const [small, large] = [await run(2, 6), await run(12, 1)];
    for (const [i, [name, values]] of large.entries()) {
      expect(difference(small[i]![1], values), name).toBeLessThan(1e-4);
    }
  });

  it("predicts with the labels in one form", async () => {
    using model = await ConvBertForTokenClassification.fromConfig(untrained, { seed: 1 });
    const { collate } = tokenClassificationCollator(tiny, { labels: names });
    const mixed = memoryDataset<TokenExample>([
      { words: ["the", "film"], tags: ["O", "B-x"] },
      { words: ["it", "is", "good"], tags: [{ "B-x": 0.5, O: 0.5 }, "-100", "O"] },
    ]);
    for (const unpadded of [true, false]) {
      const { labels, metrics } = await predict(model, collate, mixed, { batchSize: 1, unpadded });
      expect(labels["labels"]!.shape).toEqual([2, 5, 3]);
      const rows = Array.from({ length: 10 }, (_, i) =>
        [...labels["labels"]!.data.subarray(i * 3, i * 3 + 3)].join(" "),
      );
      expect(rows).toEqual([
        ...["0 0 0", "0 0 1", "1 0 0", "0 0 0", "-100 -100 -100"],
        ...["0 0 0", "0.5 0 0.5", "0 0 0", "0 0 1", "0 0 0"],
      ]);
      expect(metrics["loss"]).toBeGreaterThan(0);
    }
  });
});
