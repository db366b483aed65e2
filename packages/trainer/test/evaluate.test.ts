import {
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForTokenClassification,
} from "@convbert/heads";
import { registerBackend } from "@convbert/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { DeviceBackend } from "../../tensor/test/device-backend.js";
import {
  collectLabels,
  evaluateFillMask,
  evaluateMultipleChoice,
  evaluateQuestionAnswering,
  evaluateTextClassification,
  evaluateTokenClassification,
  LabelSet,
  memoryDataset,
  multipleChoiceCollator,
  questionAnsweringCollator,
  tokenClassificationCollator,
} from "../src/index.js";
import {
  collator,
  labels,
  maskCollator,
  sentences,
  tinyConfig,
  tinyMaskedModel,
  tinyModel,
  tokenizer,
} from "./tiny.js";

const examples = sentences(23);
const dataset = memoryDataset(examples);

registerBackend("device", DeviceBackend.create);

describe("evaluations", () => {
  it("of texts count each one, whatever the size of a batch", async () => {
    using model = await tinyModel();
    let loss = 0;
    let right = 0;
    for (const example of examples) {
      const { inputs } = collator.collate([example]);
      const output = await model.forward({ ...inputs });
      loss += output.loss!;
      const [bad, good] = output.logits.data;
      right += Number(labels[good! > bad! ? 1 : 0] === example.label);
    }
    for (const batchSize of [1, 5, 64]) {
      const done: number[][] = [];
      const evaluate = evaluateTextClassification(model, collator, { dataset, batchSize, unpadded: true });
      const metrics = await evaluate({ onProgress: (...progress) => done.push(progress) });
      expect(metrics["loss"]).toBeCloseTo(loss / examples.length, 5);
      expect(metrics["accuracy"]).toBeCloseTo(right / examples.length, 12);
      expect(done.at(-1)).toEqual([23, 23]);
    }
    // In padded batches the convolution sees the padding.
    const padded = await evaluateTextClassification(model, collator, { dataset })({});
    expect(padded["loss"]).not.toBe(loss / examples.length);
    expect(padded["loss"]).toBeCloseTo(loss / examples.length, 0);
  });

  it("of masked words have the same masks each time, and drop nothing", async () => {
    using model = await tinyMaskedModel();
    const evaluate = (seed: number) => evaluateFillMask(model, maskCollator, { dataset, batchSize: 4, seed })({});
    const first = await evaluate(0);
    expect(first["perplexity"]).toBeCloseTo(Math.exp(first["loss"]!), 6);
    expect(await evaluate(0)).toEqual(first);
    expect(await evaluate(1)).not.toEqual(first);
  });

  it.each([false, true])("of masked words need no gradients of the backend (unpadded: %s)", async (unpadded) => {
    const options = { dataset, batchSize: 4, unpadded };
    const losses = ["reference", "device"].map(async (backend) => {
      using model = await ConvBertForMaskedLM.fromConfig(tinyConfig, { seed: 1, backend });
      return await evaluateFillMask(model, maskCollator, options)({});
    });
    const [expected, found] = await Promise.all(losses);
    expect(found).toEqual(expected);
    expect(expected!["loss"]).toBeGreaterThan(1);
  });

  it("stop when they are told to, and refuse nothing to measure", async () => {
    using model = await tinyModel();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(evaluateTextClassification(model, collator, { dataset })({ signal })).rejects.toThrow("enough");
    const empty = evaluateTextClassification(model, collator, { dataset: memoryDataset([]) });
    await expect(empty({})).rejects.toThrow("there are no examples to evaluate on");
  });
});

/** A model that gives fixed outputs. */
function fixed<Output>(num_labels: number, forward: (inputs: { input_ids: { shape: readonly number[] } }) => Output) {
  return { config: { num_labels }, forward: async (inputs: never) => forward(inputs) } as never;
}

function logitsOf(shape: readonly number[], value: (...at: number[]) => number) {
  const [a, b, c = 1] = shape as [number, number, number?];
  const data = Float32Array.from({ length: a * b * c }, (_, i) =>
    value(Math.floor(i / (b * c)), Math.floor(i / c) % b, i % c),
  );
  return { data, shape };
}

describe("scores", () => {
  it("of tags are of whole entities, words that were cut off included", async () => {
    const tags = new LabelSet(["O", "B-X", "I-X"]);
    const words = ["the", "film", "book", "is", "good"];
    const tagged = memoryDataset([{ words, tags: ["O", "B-X", "I-X", "O", "B-X"] }]);
    const collate = tokenClassificationCollator(tokenizer, { labels: tags, maxLength: 6 });
    // [CLS] the film book is [SEP]: the first entity is right, the last word had no room.
    const classes = [0, 0, 1, 2, 0, 0];
    const model = fixed(3, ({ input_ids }) => ({
      loss: 0.5,
      logits: logitsOf([1, input_ids.shape[1]!, 3], (_, token, label) => Number(classes[token] === label)),
    }));
    expect(await evaluateTokenClassification(model, collate, { dataset: tagged, labels: tags })({})).toEqual({
      loss: 0.5,
      precision: 1,
      recall: 0.5,
      f1: 2 / 3,
      accuracy: 0.8,
    });
  });

  it("of tags of no scheme are of single words, by their names, without those of -100", async () => {
    const words = ["the", "film", "book", "is", "good"];
    const tagged = memoryDataset([{ words, tags: ["0", "1", "1", "-100", "2"] }]);
    const tags = await collectLabels(tagged);
    expect(tags.names).toEqual(["0", "1", "2"]);
    const collate = tokenClassificationCollator(tokenizer, { labels: tags, maxLength: 8 });
    expect([...collate.collate([await tagged.get(0)]).inputs.labels!.data]).toEqual([-100, 0, 1, 1, -100, 2, -100]);
    const classes = [0, 0, 1, 2, 1, 0, 0];
    const model = fixed(3, ({ input_ids }) => ({
      loss: 0.5,
      logits: logitsOf([1, input_ids.shape[1]!, 3], (_, token, label) => Number(classes[token] === label)),
    }));
    const score = (names?: readonly string[], scoreBy?: "entity" | "word") =>
      evaluateTokenClassification(model, collate, { dataset: tagged, labels: tags, names, scoreBy })({});
    // Of three words with a tag, two were found, one of them rightly.
    expect(await score(["O", "ORG", "PER"])).toEqual({
      loss: 0.5,
      precision: 0.5,
      recall: 1 / 3,
      f1: 0.4,
      accuracy: 0.5,
    });
    // Two entities, of one word and of two, of which the model made one.
    expect(await score(["O", "B-X", "I-X"])).toMatchObject({ precision: 0, recall: 0 });
    expect(await score(["O", "ORG", "PER"], "entity")).toMatchObject({ f1: expect.any(Number) });
    // Unnamed numbers: 0 may be a tag as any other.
    expect(await score()).toMatchObject({ precision: 0.5, recall: 0.5, accuracy: 0.5 });
    expect(() =>
      evaluateTokenClassification(model, collate, { dataset: tagged, labels: tags, scoreBy: "token" as never }),
    ).toThrow('scoreBy is "token"; choose entity or word');
  });

  it("of choices compare those of one prompt", async () => {
    const choices = memoryDataset([0, 1, 1].map((label) => ({ prompt: "the film", choices: ["good", "bad"], label })));
    const model = fixed(1, ({ input_ids }) => ({
      loss: 1,
      logits: logitsOf([input_ids.shape[0]!, 2], (_, choice) => choice),
    }));
    const metrics = await evaluateMultipleChoice(model, multipleChoiceCollator(tokenizer, { maxLength: 16 }), {
      dataset: choices,
      batchSize: 2,
    })({});
    expect(metrics).toEqual({ loss: 1, accuracy: 2 / 3 });
  });

  it("of answers are those of SQuAD, over all windows of a question", async () => {
    const context = "the film is good the book is bad it was very dull";
    const answer = (text: string) => ({ text, answerStart: context.indexOf(text) });
    const questions = [
      { id: "1", question: "it", context, answers: [answer("very dull")] },
      { id: "2", question: "it", context, answers: [] },
    ];
    const collate = questionAnsweringCollator(tokenizer, { maxLength: 10, stride: 2 });
    const dull = tokenizer.convertTokensToIds("dull") as number;
    const model = fixed(2, (inputs) => {
      const { data, shape } = inputs.input_ids as unknown as { data: Int32Array; shape: readonly number[] };
      const isDull = (row: number, token: number) => Number(data[row * shape[1]! + token] === dull);
      return {
        loss: 2,
        // Starts and ends at "dull", in whichever window that is.
        start_logits: logitsOf(shape, (row, token) => 5 * isDull(row, token)),
        end_logits: logitsOf(shape, (row, token) => 5 * isDull(row, token)),
      };
    });
    const options = { dataset: memoryDataset(questions), batchSize: 2 };
    await expect(evaluateQuestionAnswering(model, collate, options)({})).rejects.toThrow(
      'allowNoAnswer is false; the question "2" has no answer',
    );
    expect(await evaluateQuestionAnswering(model, collate, { ...options, skipUnanswered: true })({})).toEqual({
      loss: 2,
      exactMatch: 0,
      f1: expect.closeTo(200 / 3, 9),
    });
    expect(await evaluateQuestionAnswering(model, collate, { ...options, allowNoAnswer: true })({})).toEqual({
      loss: 2,
      exactMatch: 0,
      f1: expect.closeTo(100 / 3, 9),
    });
  });
});

describe("models of the other tasks", () => {
  let metrics: Record<string, Readonly<Record<string, number>>>;

  beforeAll(async () => {
    const tags = new LabelSet(["B-X", "O"]);
    using tagger = await ConvBertForTokenClassification.fromConfig(tinyConfig, { seed: 1 });
    using chooser = await ConvBertForMultipleChoice.fromConfig(tinyConfig, { seed: 1 });
    using reader = await ConvBertForQuestionAnswering.fromConfig(tinyConfig, { seed: 1 });
    const words = memoryDataset([{ words: ["the", "film"], tags: ["O", "B-X"] }]);
    const choices = memoryDataset([{ prompt: "the film is", choices: ["good", "bad", "dull"], label: 2 }]);
    const questions = memoryDataset([
      { id: "1", question: "it", context: "the film is good", answers: [{ text: "film", answerStart: 4 }] },
    ]);
    const tagCollator = tokenClassificationCollator(tokenizer, { labels: tags });
    metrics = {
      tags: await evaluateTokenClassification(tagger, tagCollator, { dataset: words, labels: tags })({}),
      choices: await evaluateMultipleChoice(chooser, multipleChoiceCollator(tokenizer), { dataset: choices })({}),
      answers: await evaluateQuestionAnswering(reader, questionAnsweringCollator(tokenizer, { maxLength: 16 }), {
        dataset: questions,
      })({}),
    };
  });

  it.each(["tags", "choices", "answers"])("are measured: %s", (name) => {
    for (const value of Object.values(metrics[name]!)) expect(value).toBeGreaterThanOrEqual(0);
    expect(metrics[name]!["loss"]).toBeGreaterThan(0);
  });
});
