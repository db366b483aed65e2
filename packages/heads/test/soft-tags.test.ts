import { InputError } from "@convbert/model";
import { ParameterBuffers } from "@convbert/nn";
import { Tape } from "@convbert/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConvBertForTokenClassification, type LossOptions } from "../src/index.js";

const CLASSES = 3;
const CONFIG = {
  ...{ vocab_size: 31, hidden_size: 16, embedding_size: 8, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ intermediate_size: 24, max_position_embeddings: 24, initializer_range: 0.4, num_labels: CLASSES },
};
const LENGTHS = [5, 2, 8];
const LONGEST = 8;
const NONE = [0, 0, 0];
const rows = <T>(of: (row: number, at: number) => T, filler: T): T[][] =>
  LENGTHS.map((length, row) => Array.from({ length: LONGEST }, (_, at) => (at < length ? of(row, at) : filler)));
const PADDED = {
  input_ids: rows((row, at) => 1 + ((row * 7 + at * 5) % 30), 0),
  attention_mask: rows(() => 1, 0),
};
const HARD = rows((row, at) => (at === 0 || (row + at) % 4 === 3 ? -100 : (row + at) % CLASSES), -100);
const ONE_HOT = HARD.map((labels) => labels.map((label) => NONE.map((_, c) => Number(c === label))));
const SOFT = HARD.map((labels) =>
  labels.map((label, at) => (label === -100 ? NONE : NONE.map((_, c) => (c === at % CLASSES ? 0.5 : 0.25)))),
);

describe.each(["reference", "wasm"] as const)("how likely each class of a token is, on the %s backend", (backend) => {
  let model: ConvBertForTokenClassification;
  beforeAll(async () => {
    model = await ConvBertForTokenClassification.fromConfig(CONFIG, { backend, seed: 4 });
  });
  afterAll(() => model.dispose());

  async function trained(inputs: object, options: LossOptions & { unpadded?: boolean } = {}) {
    using buffers = new ParameterBuffers(model.backend, model.parameters());
    using tape = new Tape(model.backend, buffers.store);
    using loss = await model.trainingLoss({ ...PADDED, ...inputs } as never, { tape, ...options });
    tape.backward(loss);
    const gradients = [...model.parameters()].map(({ name }) => [name, [...buffers.slot(name).read()]] as const);
    return { loss: loss.item(), gradients };
  }

  function expectClose(found: Awaited<ReturnType<typeof trained>>, expected: Awaited<ReturnType<typeof trained>>) {
    expect(found.loss).toBeCloseTo(expected.loss, 5);
    const largest = Math.max(...expected.gradients.flatMap(([, values]) => values.map(Math.abs)));
    expect(largest).toBeGreaterThan(0);
    for (const [i, [name, values]] of expected.gradients.entries()) {
      for (const [at, value] of values.entries()) {
        const beside = Math.abs(found.gradients[i]![1][at]! - value);
        expect(beside, `${name} ${at}`).toBeLessThan(1e-5 * largest);
      }
    }
  }

  it.each([{}, { labelSmoothing: 0.2 }, { unpadded: true }])(
    "of one for certain are those of the class: %j",
    async (options) => {
      expectClose(await trained({ labels: ONE_HOT }, options), await trained({ labels: HARD }, options));
    },
  );

  it("are the mean over the tokens that count", async () => {
    const { loss, logits } = await model.forward({ ...PADDED, labels: SOFT });
    const likely = SOFT.flat();
    const losses = likely.flatMap((row, token) => {
      const own = Array.from(logits.data.slice(token * CLASSES, (token + 1) * CLASSES), Number);
      const sum = own.reduce((total, x) => total + Math.exp(x), 0);
      const counts = row.some((p) => p > 0);
      return counts ? [row.reduce((total, p, c) => total - p * (own[c]! - Math.log(sum)), 0)] : [];
    });
    expect(losses.length).toBeLessThan(LENGTHS.reduce((total, length) => total + length));
    expect(loss).toBeCloseTo(losses.reduce((total, one) => total + one, 0) / losses.length, 5);
  });

  it("lose their padding with it, in any form", async () => {
    const batch = model.unpadded({ ...PADDED, labels: SOFT });
    const kept = SOFT.flatMap((labels, row) => labels.slice(0, LENGTHS[row]));
    expect(batch.labels).toEqual({ data: Float32Array.from(kept.flat()), shape: [kept.length, CLASSES] });
    const results = await model.forwardRagged(batch);
    let [sum, count] = [0, 0];
    for (const [row, length] of LENGTHS.entries()) {
      const alone = await model.forward({
        input_ids: [PADDED.input_ids[row]!.slice(0, length)],
        labels: [SOFT[row]!.slice(0, length)],
      });
      const counting = SOFT[row]!.filter((likely) => likely.some((p) => p > 0)).length;
      if (counting === 0) {
        expect(results[row]!.loss).toBeNaN();
        continue;
      }
      expect(results[row]!.loss).toBeCloseTo(alone.loss!, 5);
      sum += alone.loss! * counting;
      count += counting;
    }
    using loss = await model.evaluationLoss({ ...PADDED, labels: SOFT }, { unpadded: true });
    expect(loss.item()).toBeCloseTo(sum / count, 5);
    const nested = await model.forwardRagged({ ...batch, labels: kept });
    expect(nested.map((result) => result.loss)).toEqual(results.map((result) => result.loss));
  });

  it("of 0 alone count for nothing", async () => {
    const { loss } = await model.forward({ ...PADDED, labels: rows(() => NONE, NONE) });
    expect(loss).toBeNaN();
    expect((await model.forward({ ...PADDED, labels: rows(() => -100, -100) })).loss).toBeNaN();
  });

  it.each([
    [rows(() => [0.25, 0.25, 0.25], NONE), /the likelihoods of token 0 add up to 0.75, not to 1/],
    [rows(() => [-1, 1, 1], NONE), /a class's likelihood is from 0 to 1/],
    [rows(() => [Number.NaN, 1, 0], NONE), /finite/],
    [
      SOFT.map((labels) => labels.slice(1)),
      /expected how likely each of 3 classes is for each of 24 tokens, got shape \[3, 7, 3\]/,
    ],
  ])("are refused otherwise: case %#", async (labels, message) => {
    const inputs = { ...PADDED, labels };
    await expect(model.forward(inputs)).rejects.toThrow(message);
    expect(() => model.unpadded(inputs)).toThrow(InputError);
  });
});
