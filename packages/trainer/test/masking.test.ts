import { seededRandom } from "@convbert/tensor/internal";
import { describe, expect, test } from "vitest";
import {
  DataError,
  fillMaskCollator,
  masker,
  memoryDataset,
  packTokens,
  plainText,
  readExamples,
  TrainerOptionError,
} from "../src/index.js";
import golden from "./fixtures/batches.json" with { type: "json" };
import { left, right } from "./tokenizer.js";

const SENTENCE = "Unbelievably, the antidisestablishmentarian visited Kuala Lumpur and 東京 with 🦙 yesterday.";
// Makes a shuffle leave everything in its place, and every masked token stay as it is.
const identity = (): number => 1 - 2 ** -53;

describe("whole words", () => {
  test.each(golden.wholeWords.map((item, i) => [i, item] as const))(
    "are chosen as in the reference: case %i",
    (_, item) => {
      const { probability, ids, chosen } = item;
      const { input_ids, labels } = masker(right, { unit: "word", probability })(ids, identity);
      expect([...input_ids]).toEqual(ids);
      expect([...labels]).toEqual(ids.map((id, at) => (chosen[at] === 1 ? id : -100)));
    },
  );

  test("are masked whole or not at all", () => {
    const ids = right(SENTENCE).input_ids;
    const words = right(SENTENCE).wordIds();
    const mask = masker(right, { unit: "word", probability: 0.3 });
    for (let seed = 0; seed < 50; seed++) {
      const { labels } = mask(ids, seededRandom(seed));
      const masked = new Set(words.filter((word, at) => word !== null && labels[at] !== -100));
      expect(masked.size).toBeGreaterThan(0);
      for (const [at, word] of words.entries()) {
        if (word !== null && ids[at] !== right.unkTokenId) expect(labels[at] !== -100).toBe(masked.has(word));
      }
    }
  });
});

describe("tokens", () => {
  const ids = Array.from({ length: 200_000 }, (_, i) => (i % 50 === 0 ? 102 : 2000 + (i % 20_000)));

  test("15% are predicted: 80% masked, 10% random, 10% as they were", () => {
    const { input_ids, labels } = masker(right)(ids, seededRandom(11));
    const counts = { predicted: 0, masked: 0, kept: 0 };
    for (const [at, label] of labels.entries()) {
      if (label === -100) {
        expect(input_ids[at]).toBe(ids[at]);
        continue;
      }
      expect(label).toBe(ids[at]);
      counts.predicted++;
      if (input_ids[at] === right.maskTokenId) counts.masked++;
      else if (input_ids[at] === ids[at]) counts.kept++;
    }
    // Within five standard deviations; the seed is fixed.
    const near = (count: number, of: number, share: number): void => {
      expect(Math.abs(count - of * share)).toBeLessThan(5 * Math.sqrt(of * share * (1 - share)));
    };
    near(counts.predicted, 196_000, 0.15);
    near(counts.masked, counts.predicted, 0.8);
    near(counts.kept, counts.predicted, 0.1);
  });

  test.each(["token", "word"] as const)("special and unknown ones are never masked (%s)", (unit) => {
    const row = [101, 102, 100, 0, 103, 2003, 102];
    const { input_ids, labels } = masker(right, { unit, probability: 1, maskShare: 1, randomShare: 0 })(
      row,
      Math.random,
    );
    expect([...labels]).toEqual([-100, -100, -100, -100, -100, 2003, -100]);
    expect([...input_ids]).toEqual([101, 102, 100, 0, 103, 103, 102]);
  });

  test("random ones come from the whole vocabulary", () => {
    const { input_ids } = masker(right, { probability: 1, maskShare: 0, randomShare: 1 })(ids, seededRandom(1));
    const drawn = input_ids.filter((_, at) => ids[at] !== 102);
    expect(Math.min(...drawn.subarray(0, 50_000))).toBeLessThan(10);
    expect(Math.max(...drawn.subarray(0, 50_000))).toBeGreaterThan(right.length - 10);
    expect(drawn.every((id) => id >= 0 && id < right.length)).toBe(true);
  });

  test("options out of range", () => {
    expect(() => masker(right, { probability: 0 })).toThrow(TrainerOptionError);
    expect(() => masker(right, { maskShare: 0.95 })).toThrow(TrainerOptionError);
    expect(() => masker(right, { unit: "letter" as never })).toThrow(TrainerOptionError);
  });
});

describe("batches", () => {
  test("the same seed masks the same, another one differently; padding is never masked", () => {
    for (const tokenizer of [right, left]) {
      const collator = fillMaskCollator(tokenizer, { probability: 0.5 });
      const examples = [{ text: SENTENCE }, { text: "short" }];
      const batch = collator.collate(examples, seededRandom(1, 2));
      expect(collator.collate(examples, seededRandom(1, 2))).toEqual(batch);
      expect(collator.collate(examples, seededRandom(1, 3))).not.toEqual(batch);
      const { input_ids, labels, attention_mask } = batch.inputs;
      expect(labels.shape).toEqual(input_ids.shape);
      expect(labels.data.every((label, at) => label === -100 || attention_mask.data[at] === 1)).toBe(true);
      expect(batch.targets).toBe(labels.data.filter((label) => label !== -100).length);
      expect(batch.sequences.labels).toEqual(labels.data.filter((_, at) => attention_mask.data[at] === 1));
    }
  });

  test("running text fills blocks, and every token of it is in one", async () => {
    const texts = Array.from({ length: 600 }, (_, i) => `${SENTENCE} ${"more ".repeat(i % 40)}`);
    const dataset = memoryDataset(texts.map((text) => ({ text })));
    const blocks = await packTokens(dataset, right, { maxLength: 64, shortest: 1 });
    const inside: number[] = [];
    for (let i = 0; i < blocks.length; i++) {
      const { ids } = await blocks.get(i);
      expect(ids.at(0)).toBe(right.clsTokenId);
      expect(ids.at(-1)).toBe(right.sepTokenId);
      if (i < blocks.length - 1) expect(64 - ids.length).toBeLessThanOrEqual(1);
      inside.push(...ids.filter((id) => id !== right.clsTokenId && id !== right.sepTokenId));
    }
    const all = right(texts, { add_special_tokens: false, verbose: false }).input_ids.flat();
    expect(inside).toEqual(all);
    const batch = fillMaskCollator(right).collate([await blocks.get(0), { text: "a text" }], seededRandom(0));
    expect(batch.inputs.input_ids.shape[0]).toBe(2);
    expect(batch.tokens).toBe((await blocks.get(0)).ids.length + 4);
  });

  test("a short last block is left out, and no text gives no block", async () => {
    const dataset = memoryDataset([{ text: "one two three" }]);
    expect((await packTokens(dataset, right, { maxLength: 64 })).length).toBe(0);
    expect((await packTokens(dataset, right, { maxLength: 64, shortest: 5 })).length).toBe(1);
    expect((await packTokens(memoryDataset([]), right, { maxLength: 64, shortest: 0 })).length).toBe(0);
    const stream = readExamples({ name: "bad.txt", data: new Uint8Array([255]) }, plainText());
    await expect(packTokens(stream, right, { maxLength: 64 })).rejects.toThrow(DataError);
  });
});
