import { ConvBertForSequenceClassification } from "@convbert/heads";
import { ParameterBuffers } from "@convbert/nn";
import { describe, expect, it, test } from "vitest";
import {
  Adafactor,
  type AdafactorOptions,
  Learner,
  learningRateSchedule,
  memoryDataset,
  type PlateauOptions,
  type ScheduleOptions,
  Trainer,
  TrainerOptionError,
} from "../src/index.js";
import { groupLengths } from "../src/loop/plan.js";
import { afterEvaluation, type PlateauState } from "../src/schedule/plateau.js";
import golden from "./fixtures/recipes.json" with { type: "json" };
import { collator, sentences, tinyModel, tinyRun } from "./tiny.js";

const TINY = {
  vocab_size: 20,
  hidden_size: 8,
  embedding_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  head_ratio: 1,
  intermediate_size: 10,
  num_labels: 2,
};

const KINDS: Record<string, AdafactorOptions & { rate: number; weightDecay: number }> = {
  plain: { rate: 0.01, weightDecay: 0 },
  decayed: { rate: 0.05, weightDecay: 0.1, clipThreshold: 0.7, decayRate: -0.5 },
  momentum: { rate: 0.02, weightDecay: 0, beta1: 0.9, epsilons: [1e-20, 1e-2] },
  scaled: { rate: 0.1, weightDecay: 0, scaleParameter: true },
  relative: { rate: 7, weightDecay: 0, scaleParameter: true, relativeStep: true },
  warmup: { rate: 7, weightDecay: 0, scaleParameter: true, relativeStep: true, warmupInit: true },
};

describe.each(["reference", "wasm"] as const)("Adafactor on the %s backend", (backend) => {
  it.each(["plain", "decayed", "momentum", "scaled"])(
    "takes the reference's steps, also from a saved state: %s",
    async (kind) => {
      using model = await ConvBertForSequenceClassification.fromConfig(TINY, { backend });
      const { rate, weightDecay, ...options } = KINDS[kind]!;
      const { start, gradients: recorded, steps, shapes } = golden.adafactor;
      const parameters = Object.keys(shapes).map((name) => model.parameter(name)!);
      expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, [...shape]]))).toEqual(shapes);
      const trained = parameters.map((parameter) => ({ parameter, learningRateScale: 0.5, weightDecay }));
      using gradients = new ParameterBuffers(model.backend, parameters);
      for (const { name, write } of parameters) write(0, Float32Array.from((start as Record<string, number[]>)[name]!));
      let optimizer = new Adafactor(model.backend, trained, gradients, options);
      for (const [step, all] of (recorded as Record<string, number[]>[]).entries()) {
        for (const [name, values] of Object.entries(all)) {
          gradients.slot(name).write(
            0,
            Float32Array.from(values, (value) => 2 * value),
          );
        }
        // Gradients twice as long that count half, and a rate twice as high for layers that have half of it.
        if (step === 1) expect(optimizer.gradientNorm()).toBeCloseTo(2 * norm(Object.values(all)), 4);
        optimizer.step(2 * rate, 0.5);
        const expected = (steps as unknown as Record<string, Record<string, number[]>[]>)[kind]![step]!;
        for (const { name, read } of parameters) {
          const [own, other] = [read(), expected[name]!];
          const largest = Math.max(...other.map(Math.abs));
          for (const [i, value] of other.entries()) {
            expect(Math.abs(own[i]! - value), `${name}[${i}] of step ${step}`).toBeLessThan(2e-6 * largest);
          }
        }
        const state = [...optimizer.state()].map(({ name, shape, read }) => ({ name, shape, values: read() }));
        const { stepsTaken } = optimizer;
        optimizer = new Adafactor(model.backend, trained, gradients, options);
        optimizer.stepsTaken = stepsTaken;
        for (const { name, shape, values } of state) {
          expect(values).toHaveLength(shape.reduce((product, length) => product * length, 1));
          expect(optimizer.restore(name, values)).toBe(true);
        }
        expect(optimizer.restore("else.exp_avg_sq", new Float32Array(1))).toBe(false);
      }
    },
  );
});

describe.each(["relative", "warmup"])("Adafactor with a rate of its own: %s", (kind) => {
  it("takes the reference's steps", async () => {
    using model = await ConvBertForSequenceClassification.fromConfig(TINY);
    const { rate, weightDecay, ...options } = KINDS[kind]!;
    const { start, gradients: recorded, steps, shapes } = golden.adafactor;
    const parameters = Object.keys(shapes).map((name) => model.parameter(name)!);
    const trained = parameters.map((parameter) => ({ parameter, learningRateScale: 1, weightDecay }));
    using gradients = new ParameterBuffers(model.backend, parameters);
    for (const { name, write } of parameters) write(0, Float32Array.from((start as Record<string, number[]>)[name]!));
    const optimizer = new Adafactor(model.backend, trained, gradients, options);
    for (const [step, all] of (recorded as Record<string, number[]>[]).entries()) {
      for (const [name, values] of Object.entries(all)) gradients.slot(name).write(0, Float32Array.from(values));
      optimizer.step(rate);
      const expected = (steps as unknown as Record<string, Record<string, number[]>[]>)[kind]![step]!;
      for (const { name, read } of parameters) {
        const own = read();
        for (const [i, value] of expected[name]!.entries()) expect(Math.abs(own[i]! - value)).toBeLessThan(5e-6);
      }
    }
  });
});

function norm(parts: readonly (readonly number[])[]): number {
  return Math.sqrt(parts.flat().reduce((sum, value) => sum + value * value, 0));
}

it("Adafactor trains a model, in a run that goes on bit for bit, and refuses options out of range", async () => {
  using model = await tinyModel();
  const losses: number[] = [];
  const options = { optimizer: "adafactor", epochs: 20, learningRate: 5e-3, schedule: "constant" } as const;
  await new Trainer(
    tinyRun(model, { ...options, onEvent: (event) => void (event.type === "step" && losses.push(event.loss)) }),
  ).train();
  const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  expect(mean(losses.slice(-8))).toBeLessThan(0.6 * mean(losses.slice(0, 8)));
  for (const adafactor of [
    { epsilons: [-1, 1] },
    { clipThreshold: 0 },
    { decayRate: 0.8 },
    { beta1: 1 },
    { warmupInit: true },
  ] as AdafactorOptions[]) {
    expect(() => new Learner(model, { optimizer: "adafactor", adafactor }), JSON.stringify(adafactor)).toThrow(
      TrainerOptionError,
    );
  }
});

describe("schedules of the reference", () => {
  test.each(golden.schedules.map((item) => [JSON.stringify({ ...item, rates: undefined }), item] as const))(
    "%s",
    (_, { rates, ...options }) => {
      const rate = learningRateSchedule(options as ScheduleOptions);
      for (const [step, expected] of rates.entries()) {
        // The reference divides by zero at the end of a run that is all warm-up.
        if (expected === null) expect(rate(step)).toBe(1);
        else expect(Math.abs(rate(step) - expected)).toBeLessThan(1e-14);
      }
    },
  );

  test.each([
    { schedule: "polynomial" as const, totalSteps: 9, power: 0 },
    { schedule: "polynomial" as const, totalSteps: 9, endLearningRate: 1 },
    { schedule: "polynomial" as const },
    { schedule: "inverse_sqrt" as const, timescale: -1 },
  ])("%j is an error", (options) => {
    expect(() => learningRateSchedule(options)).toThrow(TrainerOptionError);
  });

  test("inverse_sqrt without a warm-up has the newer reference's time scale", () => {
    expect(learningRateSchedule({ schedule: "inverse_sqrt" })(30_000)).toBe(0.5);
  });
});

describe("a plateau, as torch's ReduceLROnPlateau sees it", () => {
  test.each(golden.plateaus.map((item) => [JSON.stringify(item.options), item] as const))("%s", (_, item) => {
    const { mode, threshold_mode, min_lr, eps, ...rest } = item.options as Record<string, number | string>;
    const plateau = {
      ...rest,
      ...(threshold_mode && { thresholdMode: threshold_mode }),
      ...(min_lr !== undefined && { minLearningRate: min_lr }),
      ...(eps !== undefined && { epsilon: eps }),
    } as PlateauOptions;
    const { learningRate } = item;
    let state: PlateauState | null = null;
    for (const [i, score] of item.scores.entries()) {
      const evaluation = { score, greaterIsBetter: mode === "max" };
      // A state goes through JSON between any two evaluations.
      state = JSON.parse(
        JSON.stringify(afterEvaluation(state, evaluation, { schedule: "reduce_lr_on_plateau", learningRate, plateau })),
      ) as PlateauState;
      expect(Math.abs(learningRate * state.factor - item.rates[i]!)).toBeLessThan(1e-17);
    }
  });

  test("lowers the rate of a run", async () => {
    using model = await tinyModel();
    const rates: number[] = [];
    await new Trainer(
      tinyRun(model, {
        ...{ schedule: "reduce_lr_on_plateau", plateau: { patience: 0, factor: 0.5 }, epochs: 5, learningRate: 1e-2 },
        evaluate: async () => ({ loss: 1 }),
        onEvent: (event) => void (event.type === "step" && rates.push(event.learningRate)),
      }),
    ).train();
    // No warm-up; the first evaluation is the best, the others are no better.
    expect(rates.filter((_, i) => i % 4 === 0)).toEqual([1e-2, 1e-2, 5e-3, 2.5e-3, 1.25e-3]);
    for (const options of [
      { evaluate: undefined, schedule: "reduce_lr_on_plateau" as const },
      { plateau: { factor: 1 } },
      { plateau: { patience: -1 } },
      { plateau: { threshold: Number.NaN } },
      { plateau: { thresholdMode: "x" as never } },
    ]) {
      expect(() => new Trainer(tinyRun(model, options)), JSON.stringify(options)).toThrow(TrainerOptionError);
    }
  });
});

describe("examples of about one length", () => {
  test.each(golden.orders.map((item) => [item.lengths.length, item] as const))(
    "are grouped as the reference groups %i of them",
    (_, { lengths, batchSize, order, grouped }) => {
      const own = Uint32Array.from(order);
      groupLengths(own, lengths, batchSize);
      expect([...own]).toEqual(grouped);
    },
  );

  test("make batches with less padding, each example once an epoch, in another order each time", async () => {
    using model = await tinyModel();
    const examples = sentences(64);
    const lengthOf = ({ text }: { text: string }) => text.split(" ").length + 2;
    const run = async (groupByLength: boolean) => {
      const batches: string[][] = [];
      await new Trainer(
        tinyRun(model, {
          ...{ train: memoryDataset(examples), epochs: 2, batchSize: 4, groupByLength, lengthOf },
          collate(batch, random) {
            batches.push(batch.map(({ text }) => text));
            return collator.collate(batch, random);
          },
        }),
      ).train();
      const padding = batches.map((texts) => {
        const lengths = texts.map((text) => lengthOf({ text }));
        return lengths.reduce((sum, length) => sum + Math.max(...lengths) - length, 0);
      });
      return { batches, padding: padding.reduce((sum, count) => sum + count, 0) };
    };
    const [plain, grouped] = [await run(false), await run(true)];
    expect(grouped.padding).toBeLessThan(plain.padding / 2);
    const texts = examples.map(({ text }) => text).toSorted();
    for (const half of [grouped.batches.slice(0, 16), grouped.batches.slice(16)]) {
      expect(half.flat().toSorted()).toEqual(texts);
    }
    expect(grouped.batches.slice(0, 16)).not.toEqual(grouped.batches.slice(16));
    for (const options of [{ lengthOf: undefined }, { lengthOf, shuffle: false }]) {
      const wrong = new Trainer(tinyRun(model, { groupByLength: true, ...options })).train();
      await expect(wrong).rejects.toThrow(TrainerOptionError);
    }
  });
});
