import { SentenceEncoder, type SentenceInputs, type SentenceLoss, type SentencePooling } from "@convbert/heads";
import { ConvBertModel } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { Learner } from "../src/index.js";
import { difference } from "./recorded.js";
import { followsPyTorch, recordedSteps } from "./recorded-steps.js";

interface SentenceCase {
  readonly pooling: SentencePooling;
  readonly normalize: boolean;
  readonly texts: number;
  readonly loss: SentenceLoss;
}

const steps = await recordedSteps<SentenceCase>("sentences");
const { recorded, tensors } = steps;

function batchOf(name: string, step: number): SentenceInputs {
  const { shape, data } = tensors.get(`${name}/${step}/ids`)!;
  const labels = tensors.get(`${name}/${step}/labels`);
  return {
    input_ids: { shape, data: Int32Array.from(data) },
    attention_mask: { shape, data: Int32Array.from(data, (id) => Number(id !== 0)) },
    ...(labels && { labels }),
    texts_per_example: recorded.cases[name]!.texts,
  };
}

async function encoderOf(name: string, backend: "reference" | "wasm", textsAtOnce?: number): Promise<SentenceEncoder> {
  const model = await ConvBertModel.fromConfig(recorded.config, { backend });
  for (const parameter of model.parameters()) parameter.write(0, tensors.get(`start/${parameter.name}`)!.data);
  const { pooling, normalize, loss } = recorded.cases[name]!;
  return new SentenceEncoder(model, { pooling, normalize, loss, ...(textsAtOnce && { textsAtOnce }) });
}

const options = { weightDecay: recorded.weight_decay, dropout: false, unpadded: true };
const runs = steps.runs.flatMap(([name, backend]) => [undefined, 4].map((at) => [name, backend, at] as const));

describe.each(runs)("%s on the %s backend, texts at once: %s", (name, backend, textsAtOnce) => {
  const modelOf = () => encoderOf(name, backend, textsAtOnce);
  followsPyTorch<SentenceInputs>({ name, steps, options, modelOf, batchOf });
});

it.each(Object.keys(recorded.cases))("%s: vectors of texts alone are those of the reference", async (name) => {
  using encoder = await encoderOf(name, "wasm");
  const { shape, data } = tensors.get(`${name}/0/ids`)!;
  const rows = Array.from({ length: shape[0]! }, (_, i) => [...data.subarray(i * 12, i * 12 + 12)].filter((id) => id));
  const vectors = await encoder.encodeRagged({ sequences: rows });
  expect(vectors.shape).toEqual([shape[0], 12]);
  expect(difference(vectors.data, tensors.get(`${name}/vectors`)!.data)).toBeLessThan(1e-5);
});

it("drops the same elements in both passes over parts", async () => {
  const gradients = async (textsAtOnce?: number) => {
    using encoder = await encoderOf("scores", "wasm", textsAtOnce);
    using learner = new Learner<SentenceInputs>(encoder, { unpadded: true, seed: 5 });
    const loss = await learner.accumulate(batchOf("scores", 1), 0.5);
    const bias = "encoder.layer.0.output.dense.bias";
    return { loss, values: [...learner.gradients.slot(bias).read()] };
  };
  const [first, again] = [await gradients(3), await gradients(3)];
  expect(again).toEqual(first);
  // A first pass with other elements than the second gives no gradient of any loss: compare with finite differences.
  using encoder = await encoderOf("scores", "wasm", 3);
  const parameter = encoder.model.parameter("encoder.layer.0.output.dense.bias")!;
  const start = parameter.read();
  for (const element of [0, 5]) {
    const at = async (moved: number) => {
      parameter.write(0, start.with(element, moved));
      using learner = new Learner<SentenceInputs>(encoder, { unpadded: true, seed: 5 });
      return await learner.accumulate(batchOf("scores", 1));
    };
    const slope = ((await at(start[element]! + 4e-3)) - (await at(start[element]! - 4e-3))) / 8e-3;
    expect(first.values[element]).toBeCloseTo(slope / 2, 2);
  }
});

it("pools over tokens alone in a padded batch", async () => {
  using encoder = await encoderOf("regression", "wasm");
  const { shape, data } = tensors.get("regression/0/ids")!;
  const length = Math.max(
    ...Array.from(
      { length: shape[0]! },
      (_, i) => data.subarray(i * 12, i * 12 + 12).findLastIndex((id) => id !== 0) + 1,
    ),
  );
  // One text without padding: both ways are the same.
  const row = Array.from({ length: shape[0]! }, (_, i) => [...data.subarray(i * 12, i * 12 + length)]).find((ids) =>
    ids.every((id) => id !== 0),
  )!;
  const labels = { shape: [2, 12], data: tensors.get("regression/0/labels")!.data.subarray(0, 24) };
  const loss = async (unpadded: boolean, padding: number) => {
    const ids = [row, row].map((one) => [...one, ...new Array<number>(padding).fill(0)]);
    using learner = new Learner<SentenceInputs>(encoder, { ...options, unpadded });
    return await learner.accumulate({
      input_ids: ids,
      attention_mask: ids.map((one) => one.map((id) => Number(id !== 0))),
      labels,
    });
  };
  const alone = await loss(true, 0);
  expect(await loss(false, 0)).toBeCloseTo(alone, 6);
  expect(await loss(true, 12 - length)).toBe(alone);
});

it("says what is wrong with a batch", async () => {
  using encoder = await encoderOf("pairs", "wasm");
  using learner = new Learner<SentenceInputs>(encoder, options);
  const { texts_per_example: _, ...single } = batchOf("pairs", 0);
  await expect(learner.accumulate(single)).rejects.toThrow("pairs needs 2 or 3, of 10 rows; got 1");
  const { model } = encoder;
  const regression = new SentenceEncoder(model, { loss: { kind: "regression" } });
  using taught = new Learner<SentenceInputs>(regression, options);
  await expect(taught.accumulate(single)).rejects.toThrow("regression needs a vector for each text");
  await expect(taught.accumulate({ ...single, labels: [[1, 2]] })).rejects.toThrow("[10, 12]");
  using silent = new Learner<SentenceInputs>(new SentenceEncoder(model), options);
  await expect(silent.accumulate(single)).rejects.toThrow("what is learned");
  expect(() => new SentenceEncoder(model, { pooling: "last" as never })).toThrow("mean, first, max");
  expect(() => new SentenceEncoder(model, { textsAtOnce: 0 })).toThrow("from 1 on");
});
