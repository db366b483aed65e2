import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFiles } from "@convbert/files";
import { ConvBertForSequenceClassification } from "@convbert/heads";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ChoiceExample,
  collectLabels,
  defaultRecipe,
  evaluateTextClassification,
  type FineTuneOptions,
  fineTune,
  memoryCheckpoints,
  memoryDataset,
  type QuestionExample,
  type SentenceExample,
  type TaskName,
  type TokenExample,
  Trainer,
  type TrainerEvent,
  TrainerOptionError,
  textClassificationCollator,
} from "../src/index.js";
import { TASKS } from "../src/internal.js";
import { sentences, tinyConfig, tokenizer, weightsOf } from "./tiny.js";

const { id2label: _, label2id: __, ...config } = tinyConfig;
const START = { config, tokenizer, seed: 3, batchSize: 4, epochs: 1 } as const;

const CONTEXT = "the film was good it was a great book";
const questions: QuestionExample[] = Array.from({ length: 6 }, (_, i) => ({
  id: String(i),
  question: "what was it",
  context: CONTEXT,
  answers: i === 5 ? [] : [{ text: i % 2 ? "film" : "book", answerStart: CONTEXT.indexOf(i % 2 ? "film" : "book") }],
}));
const choices: ChoiceExample[] = Array.from({ length: 6 }, (_, i) => ({
  ...{ prompt: "the film is", choices: ["good", "bad"], label: i % 2 },
}));
const tagged: TokenExample[] = Array.from({ length: 6 }, () => ({
  ...{ words: ["the", "film", "is", "good"], tags: ["O", "B-x", "O", "B-y"] },
}));

const pairs: SentenceExample[] = sentences(6).map(({ text }) => ({ texts: [text, `${text} it is`] }));

/** A small run of each task, with what it measures. */
const RUNS: {
  readonly [Task in TaskName]: [Partial<FineTuneOptions<Task>> & Pick<FineTuneOptions<Task>, "train">, string[]];
} = {
  "text-classification": [
    { train: memoryDataset(sentences(12)) },
    ["loss", "accuracy", "macroF1", "weightedF1", "matthews"],
  ],
  "token-classification": [
    { train: memoryDataset(tagged), scheme: "IOB2", labelNames: ["B-one", "B-two", "O"] },
    ["loss", "precision", "recall", "f1", "accuracy"],
  ],
  "question-answering": [
    { train: memoryDataset(questions), maxLength: 16, stride: 2, skipUnanswered: true },
    ["loss", "exactMatch", "f1"],
  ],
  "fill-mask": [
    { train: memoryDataset(sentences(40)), unit: "word", probability: 0.4, maxLength: 16 },
    ["loss", "perplexity"],
  ],
  "multiple-choice": [{ train: memoryDataset(choices) }, ["loss", "accuracy"]],
  "sentence-embedding": [
    { train: memoryDataset(pairs), loss: { kind: "pairs" }, textsAtOnce: 3 },
    ["recall@1", "recall@5", "recall@10", "mrr"],
  ],
};

describe("fineTune", () => {
  it.each(Object.keys(TASKS) as TaskName[])("trains and measures: %s", async (task) => {
    const [options, metrics] = RUNS[task] as [FineTuneOptions<typeof task>, string[]];
    const { train } = options;
    const result = await fineTune(task, { ...START, ...options, evaluation: train, test: train });
    using model = result.model;
    expect(model.modelName).toBe(TASKS[task].model.modelName);
    expect(Object.keys(result.test!)).toEqual(metrics);
    // The model has the best weights, so that the test of the same examples says the same.
    expect(result.test).toEqual(result.summary.best!.metrics);
    expect(result.summary.steps).toBeGreaterThan(0);
    expect(result.tokenizer).toBe(tokenizer);
    if (task === "token-classification") expect(Object.values(model.config.id2label)).toEqual(["B-one", "B-two", "O"]);
  });

  it("is what collator, evaluation and trainer make together", async () => {
    const train = memoryDataset(sentences(24));
    const held = memoryDataset(sentences(8, 100));
    const run = { batchSize: 8, epochs: 2, learningRate: 1e-3, layerDecay: 0.9, seed: 5 };
    const whole = await fineTune("text-classification", { config, tokenizer, train, evaluation: held, ...run });
    const labels = await collectLabels(train);
    const names = Object.fromEntries(labels.names.entries());
    const label2id = Object.fromEntries(labels.names.map((name, i) => [name, i]));
    using model = await ConvBertForSequenceClassification.fromConfig(
      { ...config, id2label: names, label2id, problem_type: "single_label_classification" },
      { seed: 5 },
    );
    const collator = textClassificationCollator(tokenizer, { labels, maxLength: 32 });
    const evaluate = evaluateTextClassification(model, collator, { dataset: held });
    const summary = await new Trainer({
      model,
      train,
      collate: collator.collate,
      evaluate,
      metric: "accuracy",
      ...run,
    }).train();
    expect(whole.summary.best).toEqual(summary.best);
    using other = whole.model;
    expect(weightsOf(other)).toEqual(weightsOf(model));
  });

  it("goes on from a model, whose labels and tokenizer it takes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convbert-fine-tune-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const train = memoryDataset(sentences(12));
    const first = await fineTune("text-classification", { ...START, train, labelNames: ["no", "yes"] });
    await first.model.savePretrained(folder);
    await first.tokenizer.savePretrained(folder);
    first.model.dispose();
    let closed = 0;
    const files = { ...(await openFiles(folder)), close: async () => void closed++ };
    const renamed = memoryDataset(
      sentences(12).map(({ text, label }) => ({ text, label: label === "good" ? "yes" : "no" })),
    );
    const events: TrainerEvent[] = [];
    const { tokenizer: __, config: ___, epochs: ____, ...rest } = START;
    const second = await fineTune("text-classification", {
      ...{ ...rest, model: files, train: renamed, onEvent: (event: TrainerEvent) => events.push(event) },
    });
    using model = second.model;
    // A set of files that was handed in is its owner's to close.
    expect(closed).toBe(0);
    expect(Object.values(model.config.id2label)).toEqual(["no", "yes"]);
    // The recipe of models that are trained already: three epochs, a higher rate than for new ones, a warm-up.
    expect(second.summary.epochs).toBe(3);
    const steps = events.filter((event) => event.type === "step");
    expect(Math.max(...steps.map(({ learningRate }) => learningRate))).toBeCloseTo(3e-4, 10);
    expect(defaultRecipe({ isPretrained: true, hiddenSize: 768 })).toMatchObject({
      learningRate: 1e-4,
      layerDecay: 0.8,
    });
    expect(defaultRecipe({ isPretrained: false, hiddenSize: 768 })).toMatchObject({ epochs: 8, layerDecay: 1 });
  });

  it("stops and goes on", async () => {
    const train = memoryDataset(sentences(24));
    const whole = await fineTune("text-classification", { ...START, train, epochs: 2 });
    const checkpoints = memoryCheckpoints();
    const abort = new AbortController();
    const onEvent = (event: TrainerEvent) => void (event.type === "step" && event.step === 5 && abort.abort());
    const options = { ...START, train, epochs: 2, checkpoints, resume: true };
    await expect(fineTune("text-classification", { ...options, onEvent, signal: abort.signal })).rejects.toThrow(
      "aborted",
    );
    const { model } = await fineTune("text-classification", options);
    expect(weightsOf(model)).toEqual(weightsOf(whole.model));
    model.dispose();
    whole.model.dispose();
  });

  it.each([
    [
      "a task that is none",
      () => fineTune("translation" as never, { train: memoryDataset([]) } as never),
      "choose one of text-class",
    ],
    ["no tokenizer", () => fineTune("fill-mask", { train: memoryDataset(sentences(2)) }), "a new model needs one"],
    [
      "one label",
      () => fineTune("text-classification", { ...START, train: memoryDataset(sentences(1)) }),
      'the data has only the label "good"',
    ],
    [
      "names for other labels",
      () => fineTune("text-classification", { ...START, train: memoryDataset(sentences(4)), labelNames: ["a"] }),
      "give one for each of the labels bad, good",
    ],
    [
      "rows longer than the model's",
      () => fineTune("text-classification", { ...START, train: memoryDataset(sentences(4)), maxLength: 64 }),
      "maxLength is 64; the model takes 32",
    ],
    [
      "too little text",
      () => fineTune("fill-mask", { ...START, train: memoryDataset([{ text: "a" }]), maxLength: 30 }),
      "there is not enough text for the data",
    ],
    [
      "an option of the run",
      () => fineTune("text-classification", { ...START, train: memoryDataset(sentences(4)), patience: 2 }),
      "it needs evaluate",
    ],
  ])("refuses %s", async (_, run, message) => {
    const ended = run();
    await expect(ended).rejects.toThrow(TrainerOptionError);
    await expect(ended).rejects.toThrow(message);
  });
});
