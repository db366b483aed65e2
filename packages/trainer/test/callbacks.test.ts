import { describe, expect, it } from "vitest";
import {
  MemoryLog,
  memoryCheckpoints,
  memoryDataset,
  type Predictions,
  Trainer,
  type TrainerCallback,
  type TrainerEvent,
} from "../src/index.js";
import { collator, maskCollator, sentences, tinyMaskedModel, tinyModel, tinyRun, weightsOf } from "./tiny.js";

describe("callbacks", () => {
  it("are called at every moment, with where the run stands", async () => {
    using model = await tinyModel();
    const calls: string[] = [];
    const callback: TrainerCallback = {
      onTrainBegin: ({ totalSteps, state }) => void calls.push(`train ${state.step}/${totalSteps}`),
      onEpochBegin: ({ state }) => void calls.push(`epoch ${state.epoch}`),
      onStepBegin: ({ state }) => void calls.push(`step ${state.step}`),
      onStepEnd: ({ event }) => void calls.push(`done ${event.step}`),
      onEpochEnd: ({ state }) => void calls.push(`epochs ${state.epoch}`),
      onEvaluate: async ({ event }) => void calls.push(`score ${event.score}`),
      onSave: ({ event }) => void calls.push(event.name),
      onTrainEnd: ({ summary }) => void calls.push(summary.reason),
    };
    const options = { epochs: 2, batchSize: 16, evaluate: async () => ({ loss: 0.5 }), checkpointEvery: 4 };
    await new Trainer(tinyRun(model, { ...options, checkpoints: memoryCheckpoints(), callbacks: [callback] })).train();
    expect(calls).toEqual([
      ...["train 0/4", "epoch 0", "step 0", "done 1", "step 1", "done 2", "epochs 1", "score 0.5", "step-00000002"],
      ...["epoch 1", "step 2", "done 3", "step 3", "done 4", "epochs 2", "score 0.5", "step-00000004", "finished"],
    ]);
  });

  it("steer: an evaluation and a checkpoint out of turn, the end of an epoch, the end", async () => {
    using model = await tinyModel();
    const events: string[] = [];
    const checkpoints = memoryCheckpoints();
    const summary = await new Trainer(
      tinyRun(model, {
        ...{ epochs: 4, checkpoints, keepCheckpoints: 9, checkpointEvery: 100, evaluateEvery: 100, keepBest: false },
        evaluate: async () => ({ loss: 1 }),
        callbacks: [
          {
            onStepEnd({ event: { step }, control }) {
              if (step === 1) control.evaluate();
              if (step === 2) control.save();
              if (step === 3) control.endEpoch();
              if (step === 9) control.stop();
            },
          },
        ],
        onEvent: (event: TrainerEvent) => {
          if (event.type === "evaluation" || event.type === "checkpoint") events.push(`${event.type} ${event.step}`);
          if (event.type === "step") events.push(event.epoch.toFixed(2));
        },
      }),
    ).train();
    expect(events).toEqual([
      // The first evaluation is the best so far, and is kept.
      ...["0.25", "evaluation 1", "checkpoint 1", "0.50", "checkpoint 2", "0.75"],
      ...["1.25", "1.50", "1.75", "2.00", "2.25", "2.50", "evaluation 9", "checkpoint 9"],
    ]);
    expect(summary).toMatchObject({ reason: "stopped-by-callback", steps: 9 });
  });

  it("that end every epoch early leave a run of fewer steps", async () => {
    using model = await tinyModel();
    const callbacks: TrainerCallback[] = [{ onStepEnd: ({ control }) => control.endEpoch() }];
    expect(await new Trainer(tinyRun(model, { callbacks })).train()).toMatchObject({
      ...{ reason: "finished", steps: 3, epochs: 3 },
    });
  });

  it("that fail end the run", async () => {
    using model = await tinyModel();
    const callbacks: TrainerCallback[] = [{ onEpochEnd: () => Promise.reject(new Error("enough")) }];
    await expect(new Trainer(tinyRun(model, { callbacks })).train()).rejects.toThrow("enough");
  });

  it("that ask for the end are heard though the last evaluation is interrupted", async () => {
    const run = async (interrupt: boolean) => {
      const checkpoints = memoryCheckpoints();
      const log = new MemoryLog();
      const callbacks: TrainerCallback[] = [
        { onStepEnd: ({ event, control }) => void (event.step === 5 && control.stop()) },
      ];
      const abort = new AbortController();
      const options = (signal?: AbortSignal) => ({
        ...{ checkpoints, log, callbacks, resume: true, signal },
        evaluate: async () => {
          if (signal) abort.abort();
          signal?.throwIfAborted();
          return { loss: 1 };
        },
        evaluateEvery: 50,
      });
      using first = await tinyModel();
      if (interrupt)
        await expect(new Trainer(tinyRun(first, options(abort.signal))).train()).rejects.toThrow("aborted");
      using model = await tinyModel();
      const summary = await new Trainer(tinyRun(model, options())).train();
      return { weights: weightsOf(model), steps: summary.steps, reason: summary.reason };
    };
    const whole = await run(false);
    expect(whole).toMatchObject({ steps: 5, reason: "stopped-by-callback" });
    expect(await run(true)).toEqual(whole);
  });
});

describe("the best evaluation", () => {
  const scores = async (metrics: readonly Record<string, number>[], options: object = {}) => {
    using model = await tinyModel();
    const kept: Record<string, string>[] = [];
    const checkpoints = memoryCheckpoints();
    const summary = await new Trainer(
      tinyRun(model, {
        ...{ epochs: metrics.length, checkpoints, ...options },
        evaluate: async () => {
          kept.push(weightsOf(model));
          return metrics[kept.length - 1]!;
        },
      }),
    ).train();
    expect(kept.findIndex((weights) => JSON.stringify(weights) === JSON.stringify(weightsOf(model))) + 1).toBe(
      summary.best!.epoch,
    );
    return summary;
  };

  it("is that of the smaller loss where scores are equal", async () => {
    const metrics = [
      { accuracy: 1, loss: 0.9 },
      { accuracy: 1, loss: 0.4 },
      { accuracy: 1, loss: 0.6 },
      { accuracy: 0.9, loss: 0.1 },
    ];
    const options = { metric: "accuracy" };
    expect((await scores(metrics, options)).best).toMatchObject({ epoch: 2, metrics: metrics[1]! });
    // A smaller loss alone does not count against patience.
    expect(await scores(metrics, { ...options, patience: 2 })).toMatchObject({
      ...{ reason: "stopped-early", epochs: 3, best: { epoch: 2 } },
    });
    expect((await scores(metrics.toReversed(), options)).best).toMatchObject({ epoch: 3 });
    expect((await scores([{ accuracy: 0.5 }, { accuracy: 0.5 }], options)).best).toMatchObject({ epoch: 1 });
  });

  it("is that of the smaller loss where the score is undefined, and a number beats what is none", async () => {
    const undefinedScore = [
      { pearson: Number.NaN, loss: 0.5, meanAbsoluteError: 0.4 },
      { pearson: Number.NaN, loss: 0.3, meanAbsoluteError: 0.2 },
      { pearson: Number.NaN, loss: 0.4, meanAbsoluteError: 0.3 },
    ];
    const { best } = await scores(undefinedScore, { metric: "pearson" });
    expect(best).toMatchObject({ epoch: 2, score: Number.NaN, metrics: undefinedScore[1]! });
    const mixed = [...undefinedScore, { pearson: -0.5, loss: 9, meanAbsoluteError: 9 }, undefinedScore[1]!];
    expect((await scores(mixed, { metric: "pearson" })).best).toMatchObject({ epoch: 4, score: -0.5 });
  });

  it("with an undefined score outlives an interruption", async () => {
    const checkpoints = memoryCheckpoints();
    const evaluate = async () => ({ pearson: Number.NaN, loss: 0.5 });
    using model = await tinyModel();
    await new Trainer(tinyRun(model, { checkpoints, evaluate, metric: "pearson" })).train();
    const again = await new Trainer(tinyRun(model, { checkpoints, evaluate, metric: "pearson", resume: true })).train();
    expect(again.best).toMatchObject({ score: Number.NaN, metrics: { pearson: Number.NaN, loss: 0.5 } });
  });
});

describe("predict", () => {
  it("gives what the model computes of each batch, the labels and the loss", async () => {
    using model = await tinyModel();
    const held = sentences(11, 50);
    const trainer = new Trainer(tinyRun(model, { unpadded: true }));
    const { predictions, labels, metrics } = await trainer.predict(memoryDataset(held));
    expect(predictions["logits"]!.shape).toEqual([11, 2]);
    let sum = 0;
    for (const [i, example] of held.entries()) {
      const { inputs } = collator.collate([example]);
      const output = await model.forward(inputs);
      expect([...predictions["logits"]!.data.subarray(2 * i, 2 * i + 2)]).toEqual([...output.logits.data]);
      expect(labels["labels"]!.data[i]).toBe(inputs.labels!.data[0]);
      sum += output.loss!;
    }
    expect(metrics["loss"]).toBeCloseTo(sum / 11, 6);
    await expect(trainer.predict(memoryDataset([]))).rejects.toThrow("there are no examples to predict");
    const abort = AbortSignal.abort(new Error("enough"));
    await expect(trainer.predict(memoryDataset(held), { signal: abort })).rejects.toThrow("enough");
  });

  it("fills rows of different lengths with -100, as the reference does", async () => {
    using model = await tinyMaskedModel();
    const options = tinyRun(model as never, { collate: maskCollator.collate as never }) as never;
    const examples = [{ text: "a film" }, { text: "the book was very good" }, { text: "it" }];
    const trainer: Trainer<{ text: string }, never> = new Trainer(options);
    const progress: number[] = [];
    const { predictions, labels }: Predictions = await trainer.predict(memoryDataset(examples), {
      ...{ batchSize: 1, onProgress: (done) => progress.push(done) },
    });
    expect(progress).toEqual([1, 2, 3]);
    const [rows, length, words] = predictions["logits"]!.shape as [number, number, number];
    expect([rows, length, words]).toEqual([3, 7, model.config.vocab_size]);
    const { data } = predictions["logits"]!;
    const row = (i: number, token: number) =>
      data.subarray((i * length + token) * words, (i * length + token + 1) * words);
    expect(new Set(row(0, 4))).toEqual(new Set([-100]));
    expect(row(0, 3).every((value) => value !== -100)).toBe(true);
    expect(row(1, 6).every((value) => value !== -100)).toBe(true);
    expect(labels["labels"]!.shape).toEqual([3, 7]);
  });
});
