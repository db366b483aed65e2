import { readFileSync } from "node:fs";
import { ConvBertForSequenceClassification } from "@convbert/heads";
import { ParameterBuffers } from "@convbert/nn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Learner, Optimizer, type OptimizerOptions, TrainerOptionError, trainedParameters } from "../src/index.js";

interface Recorded {
  readonly start: number[];
  readonly gradients: number[][];
  readonly steps: Record<string, number[][]>;
}
const recorded: Recorded = JSON.parse(readFileSync(new URL("fixtures/optimizer-steps.json", import.meta.url), "utf8"));

const TINY = {
  vocab_size: 20,
  hidden_size: 8,
  embedding_size: 6,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 10,
  num_labels: 2,
};
const NAME = "classifier.out_proj.weight";

const KINDS: Record<string, OptimizerOptions & { rate: number; weightDecay: number }> = {
  adamw: { optimizer: "adamw", rate: 0.01, betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.1 },
  adam: { optimizer: "adam", rate: 0.01, weightDecay: 0.1 },
  sgd: { optimizer: "sgd", rate: 0.1, weightDecay: 0.1 },
  momentum: { optimizer: "sgd", rate: 0.1, momentum: 0.9, weightDecay: 0.1 },
  nesterov: { optimizer: "sgd", rate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0 },
};

describe.each(["reference", "wasm"] as const)("optimizers on the %s backend", (backend) => {
  let model: ConvBertForSequenceClassification;
  beforeAll(async () => {
    model = await ConvBertForSequenceClassification.fromConfig(TINY, { backend });
  });
  afterAll(() => model.dispose());

  it.each(Object.keys(recorded.steps))("%s takes torch.optim's steps, also from a saved state", (kind) => {
    const { rate, weightDecay, ...options } = KINDS[kind]!;
    const parameter = model.parameter(NAME)!;
    const trained = [{ parameter, learningRateScale: 1, weightDecay }];
    using gradients = new ParameterBuffers(model.backend, [parameter]);
    let optimizer = new Optimizer(model.backend, trained, gradients, options);
    parameter.write(0, Float32Array.from(recorded.start));
    for (const [step, gradient] of recorded.gradients.entries()) {
      // Twice as long gradients that count half.
      gradients.slot(NAME).write(
        0,
        Float32Array.from(gradient, (value) => 2 * value),
      );
      optimizer.step(rate, 0.5);
      for (const [index, expected] of recorded.steps[kind]![step]!.entries()) {
        expect(Math.abs(parameter.read()[index]! - expected), `step ${step}`).toBeLessThan(2e-6);
      }
      const state = [...optimizer.state()].map(({ name, read }) => [name, read()] as const);
      const { stepsTaken } = optimizer;
      optimizer.dispose();
      optimizer = new Optimizer(model.backend, trained, gradients, options);
      optimizer.stepsTaken = stepsTaken;
      for (const [name, values] of state) {
        expect(optimizer.restore(name, values)).toBe(true);
      }
      expect(optimizer.restore("else.exp_avg", new Float32Array(1))).toBe(false);
    }
    optimizer.dispose();
  });
});

describe("parameter groups", () => {
  it("decays layers' rates as the authors do, and no biases or norms", async () => {
    using model = await ConvBertForSequenceClassification.fromConfig(TINY);
    const groups = new Map(
      trainedParameters(model, { layerDecay: 0.8, weightDecay: 0.02 }).map((one) => [one.parameter.name, one]),
    );
    expect(groups.get(NAME)).toMatchObject({ learningRateScale: 1, weightDecay: 0.02 });
    const rate = (name: string) => groups.get(name)!.learningRateScale;
    expect(rate("convbert.encoder.layer.2.output.dense.weight")).toBeCloseTo(0.8 ** 2, 12);
    expect(rate("convbert.encoder.layer.0.attention.self.query.weight")).toBeCloseTo(0.8 ** 4, 12);
    expect(rate("convbert.embeddings.word_embeddings.weight")).toBeCloseTo(0.8 ** 5, 12);
    expect(rate("convbert.embeddings_project.weight")).toBeCloseTo(0.8 ** 5, 12);
    expect(groups.get("convbert.encoder.layer.0.output.LayerNorm.weight")!.weightDecay).toBe(0);
    expect(groups.get("convbert.encoder.layer.0.output.dense.bias")!.weightDecay).toBe(0);
    expect(groups.get("convbert.encoder.layer.0.attention.self.key_conv_attn_layer.bias")!.weightDecay).toBe(0);
  });

  it("freezes by pattern", async () => {
    using model = await ConvBertForSequenceClassification.fromConfig(TINY);
    const names = trainedParameters(model, { freeze: ["convbert.embeddings*", "*layer.0.*"] }).map(
      ({ parameter }) => parameter.name,
    );
    expect(names.some((name) => name.includes("embeddings") || name.includes("layer.0"))).toBe(false);
    expect(names.some((name) => name.includes("layer.1"))).toBe(true);
    expect(() => trainedParameters(model, { freeze: ["encoder.*"] })).toThrow("no parameter is named so");
    expect(() => trainedParameters(model, { freeze: ["*"] })).toThrow("nothing is left to train");
  });

  it("trains one of several parameters that share a product, and leaves the others", async () => {
    using model = await ConvBertForSequenceClassification.fromConfig({ ...TINY, initializer_range: 0.3 });
    const before = new Map([...model.parameters()].map(({ name, read }) => [name, read()]));
    const trained = "convbert.encoder.layer.1.attention.self.key.weight";
    const freeze = [...before.keys()].filter((name) => name !== trained);
    using learner = new Learner(model, { freeze, maxGradientNorm: 0, dropout: false });
    await learner.accumulate({ input_ids: [[3, 4, 5]], labels: [1] } as object);
    learner.step(0.1);
    for (const { name, read } of model.parameters()) {
      expect(Buffer.from(read().buffer).equals(Buffer.from(before.get(name)!.buffer)), name).toBe(name !== trained);
    }
  });

  it("says which option makes no sense", async () => {
    using model = await ConvBertForSequenceClassification.fromConfig(TINY);
    for (const options of [
      { layerDecay: 0 },
      { weightDecay: -1 },
      { maxGradientNorm: Number.NaN },
      { optimizer: "lion" as never },
      { betas: [0.9, 1] as const },
      { optimizer: "sgd" as const, momentum: 1 },
      { epsilon: -1 },
    ]) {
      expect(() => new Learner(model, options), JSON.stringify(options)).toThrow(TrainerOptionError);
    }
    const blocks = model.backend.memory().liveBlocks;
    expect(() => new Learner(model, { epsilon: -1 })).toThrow();
    expect(model.backend.memory().liveBlocks).toBe(blocks);
    using quantised = await ConvBertForSequenceClassification.fromConfig(
      { ...TINY, hidden_size: 64, intermediate_size: 64 },
      { dtype: "int8" },
    );
    expect(() => new Learner(quantised)).toThrow("int8 weights cannot be trained");
  });
});
