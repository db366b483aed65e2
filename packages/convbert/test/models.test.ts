import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openWeights } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { loadModel } from "@convbert/heads";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { describe, expect, test } from "vitest";
import { embeddedModel } from "../src/index.js";

interface Expected {
  readonly text: string;
  readonly input_ids: number[];
  /** The reference's, in float32: `[labels]` for a text, or `[tokens][labels]`. */
  readonly logits: number[] | number[][];
  readonly labels: string[];
}

/** F16 keeps 11 bits of each weight; the reference's own logits move by 0.0014 and 0.0022 when it loads these files. */
const TOLERANCE = 0.004;

describe.each(["text-classification", "token-classification"] as const)("the embedded model for %s", (task) => {
  const source = embeddedModel(task);
  const folder = fileURLToPath(source);
  const expected: Expected[] = JSON.parse(readFileSync(`${folder}/expected.json`, "utf8"));

  test("gives the reference's logits and labels on each backend", async () => {
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(source);
    for (const backend of ["wasm", "reference"] as const) {
      using model = await loadModel(source, { backend });
      let largest = 0;
      for (const { text, input_ids, logits, labels } of expected) {
        const batch = tokenizer(text, { return_tensors: true });
        expect([...batch.input_ids.data]).toEqual(input_ids);
        const output = (await model.forward({ ...batch } as never)) as unknown as { logits: { data: Float32Array } };
        const want = logits.flat();
        const got = output.logits.data;
        expect(got).toHaveLength(want.length);
        for (const [i, value] of want.entries()) largest = Math.max(largest, Math.abs(value - got[i]!));
        const count = model.config.num_labels;
        const found = Array.from({ length: want.length / count }, (_, row) => {
          const scores = [...got.subarray(row * count, (row + 1) * count)];
          return model.config.id2label[scores.indexOf(Math.max(...scores))];
        });
        expect(found).toEqual(labels);
      }
      expect(largest).toBeLessThan(TOLERANCE);
      expect(model.loadReport).toMatchObject({ missing: [], unexpected: [], mismatched: [] });
    }
  });

  test("in int8 all texts together: the reference's labels but for ties, in less than half of the memory", async () => {
    using exact = await loadModel(source, { dtype: "float32" });
    const weightBytes = exact.backend.memory().liveBytes;
    using model = await loadModel(source, { dtype: "int8" });
    expect(model.backend.memory().liveBytes - weightBytes).toBeLessThan(weightBytes / 2);
    const outputs = (await model.forwardRagged({
      sequences: expected.map(({ input_ids }) => input_ids),
    })) as unknown as {
      logits: { data: Float32Array };
    }[];
    let [all, same] = [0, 0];
    for (const [index, { labels, logits }] of expected.entries()) {
      const { data } = outputs[index]!.logits;
      const count = model.config.num_labels;
      for (const [row, label] of labels.entries()) {
        const scores = [...data.subarray(row * count, (row + 1) * count)];
        all++;
        if (model.config.id2label[scores.indexOf(Math.max(...scores))] === label) same++;
      }
      for (const [i, value] of logits.flat().entries()) expect(Math.abs(data[i]! - value)).toBeLessThan(0.5);
    }
    expect(same / all).toBeGreaterThanOrEqual(0.99);
  });

  test("is small, in 16 bits, and has a card", async () => {
    expect(statSync(`${folder}/model.safetensors`).size).toBeLessThan(10_000_000);
    const reader = await openWeights(await openFiles(source));
    expect(new Set([...reader.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["F16"]));
    await reader.close();
    const card = readFileSync(`${folder}/README.md`, "utf8");
    for (const word of ["Data", "Score", "Terms", "research use", "all-MiniLM-L6-v2", "Apache-2.0"]) {
      expect(card).toContain(word);
    }
  });
});

test("other tasks have no embedded model", () => {
  expect(embeddedModel("fill-mask")).toBeUndefined();
  expect(embeddedModel("toString")).toBeUndefined();
});
