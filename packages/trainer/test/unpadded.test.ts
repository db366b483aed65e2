import {
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForTokenClassification,
  type SequenceClassificationInputs,
} from "@convbert/heads";
import { seededRandom } from "@convbert/tensor/internal";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  evaluateFillMask,
  evaluateMultipleChoice,
  evaluateQuestionAnswering,
  evaluateTextClassification,
  evaluateTokenClassification,
  LabelSet,
  memoryDataset,
  multipleChoiceCollator,
  predict,
  questionAnsweringCollator,
  type TextExample,
  Trainer,
  tokenClassificationCollator,
} from "../src/index.js";

import { collator, maskCollator, sentences, tinyConfig, tinyModel, tinyRun, tokenizer } from "./tiny.js";

const COUNT = 40;
const texts = sentences(COUNT);
const tagged = texts.map(({ text }, i) => {
  const words = text.split(" ");
  return { words, tags: words.map((_, at) => (at === i % words.length ? "B-X" : "O")) };
});
const prompts = texts.map(({ text }, i) => ({
  prompt: text,
  choices: ["good", "bad it is a film", "dull"].slice(0, 2 + (i % 2)),
  label: i % 2,
}));
const questions = texts.map(({ text }, i) => {
  const context = `${text} it was a book the book is dull`;
  return {
    id: String(i),
    question: "it is",
    context,
    answers: [{ text: "book", answerStart: context.indexOf("book") }],
  };
});

const models = {
  texts: () => tinyModel(),
  words: () => ConvBertForTokenClassification.fromConfig(tinyConfig, { seed: 1 }),
  choices: () => ConvBertForMultipleChoice.fromConfig(tinyConfig, { seed: 1 }),
  answers: () => ConvBertForQuestionAnswering.fromConfig(tinyConfig, { seed: 1 }),
};

const collators = {
  words: tokenClassificationCollator(tokenizer, { labels: ["B-X", "O"] }),
  choices: multipleChoiceCollator(tokenizer),
  answers: questionAnsweringCollator(tokenizer, { maxLength: 16 }),
};

describe("evaluations without padding", () => {
  let made: { [Name in keyof typeof models]: Awaited<ReturnType<(typeof models)[Name]>> };

  beforeAll(async () => {
    made = {
      texts: await models.texts(),
      words: await models.words(),
      choices: await models.choices(),
      answers: await models.answers(),
    };
  });
  afterAll(() => {
    for (const model of Object.values(made)) model.dispose();
  });

  const kinds = [
    {
      name: "texts",
      tokens: () => collator.collate(texts).tokens,
      of: (batchSize: number) =>
        evaluateTextClassification(made.texts, collator, { dataset: memoryDataset(texts), unpadded: true, batchSize }),
    },
    {
      name: "words",
      tokens: () => collators.words.collate(tagged).tokens,
      of: (batchSize: number) =>
        evaluateTokenClassification(made.words, collators.words, {
          dataset: memoryDataset(tagged),
          labels: new LabelSet(["B-X", "O"]),
          unpadded: true,
          batchSize,
        }),
    },
    {
      name: "choices",
      tokens: () => collators.choices.collate(prompts).tokens,
      of: (batchSize: number) =>
        evaluateMultipleChoice(made.choices, collators.choices, {
          dataset: memoryDataset(prompts),
          unpadded: true,
          batchSize,
        }),
    },
    {
      name: "answers",
      tokens: () => collators.answers.collate(questions).tokens,
      of: (batchSize: number) =>
        evaluateQuestionAnswering(made.answers, collators.answers, {
          dataset: memoryDataset(questions),
          unpadded: true,
          batchSize,
        }),
    },
  ] as const;

  it.each(kinds)("of $name give what batches of one give, in few runs of the tokens alone", async (kind) => {
    const model = made[kind.name];
    const encode = vi.spyOn(model.convbert, "encode");
    const forward = vi.spyOn(model, "forward");
    const alone = await kind.of(1)({});
    const single = encode.mock.calls.length;
    encode.mockClear();
    const together = await kind.of(16)({});
    const runs = encode.mock.calls.map(([{ positions }]) => positions.length);
    expect(together).toEqual(alone);
    expect(Object.values(alone).every(Number.isFinite)).toBe(true);
    // One for each batch of 16 examples or windows, and not a row of padding among their tokens.
    expect(single).toBeGreaterThanOrEqual(COUNT);
    expect(runs.length).toBe(Math.ceil(single / 16));
    expect(runs.reduce((sum, tokens) => sum + tokens)).toBe(kind.tokens());
    expect(forward).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it("run by a budget of tokens, however many examples a batch has", async () => {
    const many = memoryDataset(Array.from({ length: 12 }, () => texts).flat());
    const encode = vi.spyOn(made.texts.convbert, "encode");
    const options = { dataset: many, unpadded: true, batchSize: 1000 };
    const whole = await evaluateTextClassification(made.texts, collator, options)({});
    const runs = encode.mock.calls.map(([{ positions }]) => positions.length);
    expect(runs.length).toBeGreaterThan(1);
    expect(Math.max(...runs)).toBeLessThanOrEqual(2048);
    expect(runs.slice(0, -1).every((tokens) => tokens > 2000)).toBe(true);
    expect(await evaluateTextClassification(made.texts, collator, { ...options, batchSize: 1 })({})).toEqual(whole);
    vi.restoreAllMocks();
  });

  it("of masked words predict the same words, masks being drawn by the batch", async () => {
    using model = await ConvBertForMaskedLM.fromConfig(tinyConfig, { seed: 1 });
    const encode = vi.spyOn(model.convbert, "encode");
    const options = { dataset: memoryDataset(texts), batchSize: COUNT, seed: 3 };
    const { loss } = await evaluateFillMask(model, maskCollator, { ...options, unpadded: true })({});
    expect(encode.mock.calls).toHaveLength(1);
    const { input_ids, labels, offsets } = maskCollator.collate(texts, seededRandom(3, 0)).sequences;
    let sum = 0;
    let targets = 0;
    for (let row = 0; row < COUNT; row++) {
      const own = (values: ArrayLike<number>) => [Array.from(values).slice(offsets[row], offsets[row + 1])];
      const asked = own(labels!)[0]!.filter((label) => label !== -100).length;
      if (asked === 0) continue;
      sum += (await model.forward({ input_ids: own(input_ids!), labels: own(labels!) })).loss! * asked;
      targets += asked;
    }
    expect(loss).toBeCloseTo(sum / targets, 5);
    vi.restoreAllMocks();
  });
});

describe("predictions without padding", () => {
  it("are those of each example alone, from one run for a batch, whoever made it", async () => {
    using model = await ConvBertForTokenClassification.fromConfig(tinyConfig, { seed: 1 });
    const encode = vi.spyOn(model.convbert, "encode");
    const { collate } = collators.words;
    const options = { unpadded: true, batchSize: 10 };
    const found = await predict(model, collate, memoryDataset(tagged), options);
    expect(encode.mock.calls).toHaveLength(4);
    const { predictions, labels, metrics } = found;
    const [rows, width, classes] = predictions["logits"]!.shape as [number, number, number];
    expect(rows).toBe(COUNT);
    expect(labels["labels"]!.shape).toEqual([COUNT, width]);
    let loss = 0;
    let targets = 0;
    for (const [row, example] of tagged.entries()) {
      const { inputs, targets: count } = collate([example]);
      const alone = await model.forward({ ...inputs });
      const own = predictions["logits"]!.data.subarray(row * width * classes, (row + 1) * width * classes);
      expect([...own.subarray(0, alone.logits.size)]).toEqual([...alone.logits.data]);
      expect(own.subarray(alone.logits.size).every((value) => value === -100)).toBe(true);
      expect([...labels["labels"]!.data.subarray(row * width, row * width + inputs.labels!.data.length)]).toEqual([
        ...inputs.labels!.data,
      ]);
      loss += alone.loss! * count;
      targets += count;
    }
    expect(metrics["loss"]).toBe(loss / targets);
    // A batch of somebody else's making, which has only the padded form.
    const foreign = (examples: Parameters<typeof collate>[0]) => {
      const { inputs, tokens, targets } = collate(examples);
      return { inputs, tokens, targets };
    };
    expect(await predict(model, foreign, memoryDataset(tagged), options)).toEqual(found);
    vi.restoreAllMocks();
  });
});

describe("training without padding", () => {
  it("pads nothing, and comes to the weights that leaving out padding comes to", async () => {
    const weights = async (withPadding: boolean) => {
      using model = await tinyModel();
      const collate = (examples: readonly TextExample[]) => {
        const batch = collator.collate(examples);
        const { tokens, targets, sequences } = batch;
        if (withPadding) return { tokens, targets, inputs: batch.inputs };
        return {
          ...{ tokens, targets, sequences },
          get inputs(): SequenceClassificationInputs {
            throw new Error("padded");
          },
        };
      };
      await new Trainer(tinyRun(model, { unpadded: true, collate, epochs: 1 })).train();
      return Object.fromEntries([...model.parameters()].map(({ name, read }) => [name, [...read()]]));
    };
    expect(await weights(false)).toEqual(await weights(true));
  });

  it("takes prompts of different numbers of choices", async () => {
    using model = await models.choices();
    const trainer = new Trainer({
      model,
      train: memoryDataset(prompts),
      collate: collators.choices.collate,
      unpadded: true,
      epochs: 1,
      batchSize: 8,
    });
    expect((await trainer.train()).steps).toBe(5);
  });
});
