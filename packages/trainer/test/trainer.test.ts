import type { MemoryReport } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import {
  DivergedError,
  evaluateTextClassification,
  MemoryLog,
  memoryCheckpoints,
  memoryDataset,
  Trainer,
  type TrainerEvent,
  TrainerOptionError,
} from "../src/index.js";
import { collator, sentences, tinyModel, tinyRun, weightsOf } from "./tiny.js";

describe("a run", () => {
  it("learns, and tells what it does", async () => {
    using model = await tinyModel(5);
    const events: TrainerEvent[] = [];
    const log = new MemoryLog();
    const evaluate = evaluateTextClassification(model, collator, { dataset: memoryDataset(sentences(20, 100)) });
    const before = await evaluate({});
    const summary = await new Trainer(
      tinyRun(model, {
        evaluate,
        epochs: 12,
        learningRate: 1e-2,
        metric: "accuracy",
        log,
        onEvent: (event) => events.push(event),
      }),
    ).train();
    expect(summary).toMatchObject({ reason: "finished", steps: 48, epochs: 12, keptBest: true });
    expect(before["accuracy"]).toBeLessThan(0.8);
    expect(summary.best!.score).toBeGreaterThan(0.85);
    // The model has the best weights, not the last ones.
    expect(await evaluate({})).toEqual(summary.best!.metrics);

    const steps = events.filter((event) => event.type === "step");
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
    // 10% of 48 steps, rounded up, rise from 0; then the rate falls to almost 0.
    expect(steps.slice(0, 3).map(({ learningRate }) => learningRate)).toEqual([0, 1e-2 / 5, (1e-2 * 2) / 5]);
    expect(steps.at(-1)!.learningRate).toBeCloseTo(1e-2 / 43, 12);
    expect(steps[3]!.epoch).toBe(1);
    const loss = (part: typeof steps) => part.reduce((sum, step) => sum + step.loss, 0) / part.length;
    expect(loss(steps.slice(-8))).toBeLessThan(0.75 * loss(steps.slice(0, 8)));
    for (const { tokens, tokensPerSecond, gradientNorm } of steps) {
      expect(tokens).toBeGreaterThan(30);
      expect(tokensPerSecond).toBeGreaterThan(0);
      expect(gradientNorm).toBeGreaterThan(0);
    }
    expect(steps.at(-1)!.secondsLeft).toBe(0);
    expect(events.filter((event) => event.type === "evaluation")).toHaveLength(12);
    expect(events[0]).toMatchObject({ type: "start", totalSteps: 48, resumedFrom: null });
    expect(events.at(-1)).toMatchObject({ type: "end", steps: 48 });
    const logged = log.lines.map((line) => JSON.parse(line) as TrainerEvent);
    expect(logged.map(({ type }) => type)).toEqual(
      events.map(({ type }) => type).filter((type) => type !== "evaluating" && type !== "end"),
    );
  });

  it("repeats with the same seed and differs with another", async () => {
    const run = async (seed: number) => {
      using model = await tinyModel();
      await new Trainer(tinyRun(model, { seed })).train();
      return weightsOf(model);
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  it("gives the same with batches that are accumulated as with one", async () => {
    const run = async (batchSize: number, gradientAccumulation: number) => {
      using model = await tinyModel();
      // Without padding and dropout only the sums' order differs.
      const { steps } = await new Trainer(
        tinyRun(model, { batchSize, gradientAccumulation, unpadded: true, dropout: false }),
      ).train();
      expect(steps).toBe(12);
      return [...model.parameters()].map(({ read }) => [...read()]);
    };
    const whole = await run(8, 1);
    const parts = await run(4, 2);
    for (const [i, values] of whole.entries()) {
      for (const [j, value] of values.entries()) expect(Math.abs(parts[i]![j]! - value)).toBeLessThan(2e-3);
    }
  });

  it("accumulates batches of weighted classes as one batch, those of one class alone included", async () => {
    const run = async (batchSize: number, gradientAccumulation: number) => {
      using model = await tinyModel();
      const losses: number[] = [];
      // Two of each class follow each other.
      const examples = [0, 2, 1, 3].map((i) => sentences(4)[i]!);
      await new Trainer(
        tinyRun(model, {
          ...{
            train: memoryDataset(examples),
            shuffle: false,
            dropout: false,
            steps: 1,
            batchSize,
            gradientAccumulation,
          },
          ...{ unpadded: true, classWeights: [1, 9], optimizer: "sgd", learningRate: 1, schedule: "constant" },
          ...{ warmupSteps: 0, weightDecay: 0, maxGradientNorm: 0 },
          onEvent: (event) => event.type === "step" && losses.push(event.loss),
        }),
      ).train();
      return [losses[0]!, ...model.parameter("classifier.out_proj.bias")!.read()];
    };
    const whole = await run(4, 1);
    for (const parts of [await run(2, 2), await run(1, 4)]) {
      for (const [i, value] of whole.entries()) expect(parts[i]).toBeCloseTo(value, 5);
    }
  });

  it("makes batches within a budget of tokens", async () => {
    using model = await tinyModel();
    const sizes: number[] = [];
    const examples = sentences(30);
    const lengthOf = ({ text }: { text: string }) => text.split(" ").length + 2;
    const seen: string[] = [];
    await new Trainer(
      tinyRun(model, {
        train: memoryDataset(examples),
        epochs: 1,
        tokenBudget: 50,
        lengthOf,
        collate(batch, random) {
          sizes.push(Math.max(...batch.map(lengthOf)) * batch.length);
          seen.push(...batch.map(({ text }) => text));
          return collator.collate(batch, random);
        },
      }),
    ).train();
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
    expect(sizes.length).toBeGreaterThan(4);
    expect(seen.toSorted()).toEqual(examples.map(({ text }) => text).toSorted());
  });

  it("stops when the score gets no better, and keeps the best weights", async () => {
    using model = await tinyModel();
    const scores = [0.2, 0.5, 0.4, 0.5, 0.3, 0.9];
    const kept: Record<string, string>[] = [];
    const summary = await new Trainer(
      tinyRun(model, {
        epochs: 6,
        patience: 3,
        evaluate: async () => {
          kept.push(weightsOf(model));
          return { score: scores[kept.length - 1]! };
        },
      }),
    ).train();
    expect(summary).toMatchObject({ reason: "stopped-early", epochs: 5, best: { epoch: 2, score: 0.5 } });
    expect(weightsOf(model)).toEqual(kept[1]);
    expect(kept[4]).not.toEqual(kept[1]);
  });

  it("keeps the last weights when asked to", async () => {
    using model = await tinyModel();
    let last = {};
    const evaluate = async () => {
      last = weightsOf(model);
      return { loss: Math.random() };
    };
    const summary = await new Trainer(tinyRun(model, { evaluate, evaluateEvery: 5, keepBest: false })).train();
    expect(summary.keptBest).toBe(false);
    expect(weightsOf(model)).toEqual(last);
  });

  it("passes over batches without labels", async () => {
    using model = await tinyModel();
    const before = weightsOf(model);
    await new Trainer(
      tinyRun(model, { collate: (examples) => ({ ...collator.collate(examples), targets: 0 }) }),
    ).train();
    expect(weightsOf(model)).toEqual(before);
  });

  it("takes no more memory the longer it goes on, and gives all of it back", async () => {
    using model = await tinyModel();
    const before = model.backend.memory();
    const seen: MemoryReport[] = [];
    const evaluate = evaluateTextClassification(model, collator, { dataset: memoryDataset(sentences(10, 100)) });
    await new Trainer(
      tinyRun(model, {
        steps: 1000,
        evaluate,
        keepBest: false,
        evaluateEvery: 50,
        onEvent: (event) => void (event.type === "step" && seen.push(model.backend.memory())),
      }),
    ).train();
    // Every kind of batch has come by then.
    const [early, late] = [seen[99]!, seen[999]!];
    expect(late.liveBytes).toBe(early.liveBytes);
    expect(late.reservedBytes).toBe(early.reservedBytes);
    expect(late.peakBytes).toBe(early.peakBytes);
    const after = model.backend.memory();
    expect([after.liveBytes, after.liveBlocks]).toEqual([before.liveBytes, before.liveBlocks]);
  });

  it("says so when the numbers explode", async () => {
    using model = await tinyModel();
    const run = new Trainer(tinyRun(model, { learningRate: 1e30, warmupSteps: 0, maxGradientNorm: 0 })).train();
    await expect(run).rejects.toThrow(DivergedError);
    await expect(run).rejects.toThrow(/of step \d+ is (NaN|-?Infinity); try a lower learning rate/);
  });
});

describe("options that make no sense", () => {
  it.each([
    [{ epochs: 0 }, "epochs is 0; give a whole number from 1 on"],
    [{ batchSize: 1.5 }, "batchSize is 1.5"],
    [{ learningRate: Number.NaN }, "learningRate is null; give a number above 0"],
    [{ evaluateEvery: -1 }, 'evaluateEvery is -1; give a whole number from 1 on, or "epoch"'],
    [{ seed: -1 }, "seed is -1"],
    [{ train: memoryDataset([]) }, "there are no examples to train on"],
    [{ tokenBudget: 10 }, "it needs lengthOf"],
    [{ resume: true }, "it needs checkpoints"],
    [{ evaluate: async () => ({ accuracy: 1, f1: 1 }) }, "the evaluation measures accuracy, f1"],
    [{ freeze: ["*"] }, "every parameter is frozen"],
    [{ patience: 2 }, "patience is 2; it needs evaluate, which measures the model"],
    [{ metric: "accuracy" }, "it needs evaluate"],
    [{ greaterIsBetter: true }, "it needs evaluate"],
  ])("%o", async (options, message) => {
    using model = await tinyModel();
    const run = async () => new Trainer(tinyRun(model, options)).train();
    await expect(run()).rejects.toThrow(TrainerOptionError);
    await expect(run()).rejects.toThrow(message);
  });

  it("a run beside another's checkpoints", async () => {
    using model = await tinyModel();
    const checkpoints = memoryCheckpoints();
    await new Trainer(tinyRun(model, { checkpoints })).train();
    await expect(new Trainer(tinyRun(model, { checkpoints })).train()).rejects.toThrow(
      "the checkpoint step-00000012: memory has a run's checkpoints; resume it",
    );
  });
});
