import { ConvBertForSequenceClassification, type SequenceClassificationInputs } from "@convbert/heads";
import { describe, expect, it } from "vitest";
import {
  collectLabels,
  evaluateTextClassification,
  memoryDataset,
  type TextExample,
  textClassificationCollator,
  textFields,
} from "../src/index.js";
import { followsPyTorch, recordedSteps, type SoftCase, softLearning } from "./recorded-steps.js";
import { right as tokenizer } from "./tokenizer.js";

const steps = await recordedSteps<SoftCase>("soft-labels");
const { recorded, tensors, runs } = steps;

function batchOf(name: string, step: number): SequenceClassificationInputs {
  const { shape, data } = tensors.get(`${name}/${step}/ids`)!;
  const labels = tensors.get(`${name}/${step}/labels`)!;
  return { input_ids: { shape, data: Int32Array.from(data) }, labels, problem_type: "single_label_classification" };
}

async function modelOf(backend: "reference" | "wasm"): Promise<ConvBertForSequenceClassification> {
  const model = await ConvBertForSequenceClassification.fromConfig(recorded.config, { backend });
  for (const parameter of model.parameters()) parameter.write(0, tensors.get(`start/${parameter.name}`)!.data);
  return model;
}

describe.each(runs)("likelihoods of classes, %s, on the %s backend", (name, backend) => {
  followsPyTorch<SequenceClassificationInputs>({
    name,
    steps,
    options: softLearning(recorded, name),
    modelOf: () => modelOf(backend),
    batchOf,
  });
});

describe("labels that say how likely each class is", () => {
  const where = { file: "texts.jsonl", line: 1 };
  const read = (label: unknown): TextExample => textFields().read({ text: "a", label }, where);

  it("are objects of JSON, or columns with a name each", () => {
    expect(read({ good: 0.75, bad: 0.25 }).label).toEqual({ good: 0.75, bad: 0.25 });
    expect(textFields().read({ text: "a", "label.good": "0.5", "label.bad": "0.5" }, where).label).toEqual({
      good: 0.5,
      bad: 0.5,
    });
    // Rounded numbers add up to 1 afterwards.
    const { good, bad } = read({ good: 0.33, bad: 0.66 }).label as Record<string, number>;
    expect(good! + bad!).toBeCloseTo(1, 12);
  });

  it.each([
    [{ good: 0.5, bad: 0.4 }],
    [{ good: 1.5, bad: -0.5 }],
    [{ good: "most", bad: 0 }],
    [{}],
    [{ good: Number.NaN }],
    [{ good: null, bad: 1 }],
  ])("%j is no such label", (label) => {
    expect(() => read(label)).toThrow(/label is .*; it must be a class, or how likely each is/);
  });

  it("stand beside classes, and name them", async () => {
    const examples: TextExample[] = [
      { text: "a", label: { x: 0.25, z: 0.75 } },
      { text: "b", label: "y" },
    ];
    const labels = await collectLabels(memoryDataset(examples));
    expect(labels.names).toEqual(["x", "y", "z"]);
    const { inputs, targets } = textClassificationCollator(tokenizer, { labels }).collate(examples);
    expect(inputs.labels).toEqual({ data: Float32Array.of(0.25, 0, 0.75, 0, 1, 0), shape: [2, 3] });
    expect(targets).toBe(2);
  });

  it("are refused where they mean nothing", () => {
    const collate = (example: TextExample, options: object) => () =>
      textClassificationCollator(tokenizer, { labels: ["x", "y"], ...options }).collate([example]);
    const soft: TextExample = { text: "a", label: { x: 1 } };
    expect(collate(soft, { problemType: "multi_label_classification" })).toThrow(/how likely each class is/);
    expect(collate(soft, { problemType: "regression" })).toThrow(/how likely each class is/);
    expect(collate({ text: "a", label: { other: 1 } }, {})).toThrow(/the label "other" is none of "x", "y"/);
  });

  it("are measured by the likeliest class", async () => {
    const config = { ...recorded.config, vocab_size: tokenizer.length };
    using model = await ConvBertForSequenceClassification.fromConfig(config);
    const labels = ["x", "y", "z"];
    const collator = textClassificationCollator(tokenizer, { labels });
    const of = (label: NonNullable<TextExample["label"]>) => {
      const dataset = memoryDataset<TextExample>([{ text: "a", label }]);
      return evaluateTextClassification(model, collator, { dataset })({ step: 0 } as never);
    };
    const scores = await Promise.all(labels.map((label) => of(label)));
    for (const [i, label] of labels.entries()) {
      const rest = Object.fromEntries(labels.filter((other) => other !== label).map((other) => [other, 0.1]));
      expect((await of({ [label]: 0.8, ...rest }))["accuracy"]).toBe(scores[i]!["accuracy"]);
    }
    expect(scores.map(({ accuracy }) => accuracy).sort()).toEqual([0, 0, 1]);
  });

  it("have to add up to 1 for the model too", async () => {
    using model = await modelOf("wasm");
    const call = (labels: number[][]) =>
      model.forward({ input_ids: [[1, 2]], labels, problem_type: "single_label_classification" });
    expect((await call([[0.25, 0.5, 0.25]])).loss).toBeGreaterThan(0);
    await expect(call([[0.25, 0.25, 0.25]])).rejects.toThrow(/add up to 0.75, not to 1/);
    await expect(call([[-1, 1, 1]])).rejects.toThrow(/a class's likelihood is from 0 to 1/);
  });
});
