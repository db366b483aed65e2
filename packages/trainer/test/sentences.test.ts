import { writeSafetensors } from "@convbert/converter";
import { SentenceEncoder } from "@convbert/heads";
import { ConvBertModel, type SequenceBatch } from "@convbert/model";
import { describe, expect, it } from "vitest";
import {
  DataError,
  evaluateSentencePairs,
  evaluateSentenceRetrieval,
  fineTune,
  jsonLines,
  memoryCheckpoints,
  memoryDataset,
  openDataset,
  openVectors,
  readExamples,
  type SentenceExample,
  sentenceCollator,
  sentenceFields,
  sentenceTexts,
  TrainerOptionError,
  withVectors,
} from "../src/index.js";
import { sentences, tinyConfig, tokenizer, weightsOf } from "./tiny.js";

const texts = sentences(12).map(({ text }) => text);

async function fileOf(tensors: Parameters<typeof writeSafetensors>[0]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeSafetensors(tensors)) pieces.push(Uint8Array.from(piece));
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const table = (name: string, rows: number, size: number, dtype: "F32" | "F16" = "F32") => ({
  name,
  dtype,
  shape: [rows, size],
  data: () => Float32Array.from({ length: rows * size }, (_, i) => i / 8),
});

describe("data", () => {
  it("reads single texts, pairs, scores and triplets, and says where something is wrong", async () => {
    const lines = (text: string, options: Parameters<typeof sentenceFields>[0]) =>
      collected(readExamples({ name: "f", data: text }, jsonLines(sentenceFields(options))));
    expect(await lines('{"text":"a"}', {})).toEqual([{ texts: ["a"] }]);
    const scored = '{"a":"x","b":"y","s":"0.5"}\n{"a":"u","b":"v","s":2}';
    expect(await lines(scored, { textColumn: "a", pairColumn: "b", scoreColumn: "s" })).toEqual([
      { texts: ["x", "y"], score: 0.5 },
      { texts: ["u", "v"], score: 2 },
    ]);
    const triplet = '{"text":"x","p":"y","n":"z"}';
    expect(await lines(triplet, { pairColumn: "p", negativeColumn: "n" })).toEqual([{ texts: ["x", "y", "z"] }]);
    const bad = lines('{"text":"x","p":"y"}', { pairColumn: "p", negativeColumn: "n" });
    await expect(bad).rejects.toThrow(/^f:1: there is no "n"/);
    await expect(lines('{"text":"x","p":"y","s":"high"}', { pairColumn: "p", scoreColumn: "s" })).rejects.toThrow(
      DataError,
    );
    const running = { name: "t", data: "one\ntwo\n\nthree" };
    expect(await collected(readExamples(running, sentenceTexts()))).toHaveLength(3);
    expect(await collected(readExamples(running, sentenceTexts({ unit: "paragraph" })))).toEqual([
      { texts: ["one two"] },
      { texts: ["three"] },
    ]);
  });

  it("gives each text its vector, of any float type", async () => {
    const dataset = await openDataset({ name: "t", data: "one\ntwo\nthree" }, sentenceTexts());
    for (const dtype of ["F32", "F16"] as const) {
      const vectors = await openVectors(await fileOf([table("any name", 3, 4, dtype)]));
      expect(vectors).toMatchObject({ rows: 3, size: 4 });
      const taught = withVectors(dataset, vectors);
      expect(await taught.get(1)).toEqual({ texts: ["two"], vector: Float32Array.of(0.5, 0.625, 0.75, 0.875) });
      expect(await collected(taught)).toHaveLength(3);
    }
    const wrong = await openVectors(await fileOf([table("v", 2, 4)]));
    expect(() => withVectors(dataset, wrong)).toThrow("there are 3 texts; give a row for each");
    await expect(openVectors(await fileOf([table("v", 2, 4), table("w", 2, 4)]))).rejects.toThrow("it has v, w");
    await expect(openVectors(Uint8Array.of(1, 2, 3))).rejects.toThrow("too few");
  });

  it("makes a row of each text, the first ones of all examples first", () => {
    const collator = sentenceCollator(tokenizer, { maxLength: 5 });
    const examples: SentenceExample[] = [
      { texts: ["the film is good", "a"], score: 0.25 },
      { texts: ["a book", "the film"], score: 1 },
    ];
    const { inputs, rows, targets, tokens } = collator.collate(examples);
    const ids = tokenizer(["the film is good", "a book", "a", "the film"], { truncation: true, max_length: 5 });
    expect(inputs.input_ids.shape).toEqual([4, 5]);
    expect(
      Array.from({ length: 4 }, (_, i) => [...inputs.input_ids.data.subarray(i * 5, i * 5 + 5)].filter((id) => id)),
    ).toEqual(ids.input_ids);
    expect({ rows, targets, tokens }).toEqual({ rows: 4, targets: 2, tokens: 5 + 4 + 3 + 4 });
    expect(inputs).toMatchObject({ texts_per_example: 2, labels: { data: Float32Array.of(0.25, 1), shape: [2] } });
    expect(() => collator.collate([examples[0]!, { texts: ["a"] }])).toThrow("it has 1 texts; others of its batch 2");
    expect(() => collator.collate([examples[0]!, { texts: ["a", "b"] }])).toThrow("it has no score");
    const vectors = [Float32Array.of(1, 2), Float32Array.of(3)];
    expect(() => collator.collate(vectors.map((vector) => ({ texts: ["a"], vector })))).toThrow("1 numbers; others 2");
  });
});

/** Gives texts the vectors that a table has for their first tokens. */
function encoderOf(vectors: readonly (readonly number[])[]) {
  return {
    config: { max_position_embeddings: 16 },
    async encodeRagged({ input_ids: ids, offsets }: SequenceBatch) {
      const starts = Array.from(offsets).slice(0, -1);
      const data = Float32Array.from(starts.flatMap((start) => vectors[ids![start + 1]! - 5]!));
      return { data, shape: [starts.length, 2] };
    },
  } as unknown as Parameters<typeof evaluateSentencePairs>[0];
}

describe("evaluation", () => {
  // good, fine, great, bad, dull: first tokens 5 to 9.
  const encoder = encoderOf([
    [2, 0],
    [1, 0.1],
    [1, 1],
    [0, 3],
    [0.2, 1],
  ]);

  it("correlates cosines with scores as scipy", async () => {
    const pairs: SentenceExample[] = [
      { texts: ["good", "fine"], score: 5 },
      { texts: ["good", "great"], score: 3 },
      { texts: ["good", "bad"], score: 1 },
      { texts: ["dull", "bad"], score: 2 },
    ];
    for (const batchSize of [1, 3, 32]) {
      const metrics = await evaluateSentencePairs(encoder, tokenizer, { dataset: memoryDataset(pairs), batchSize })({});
      // scipy.stats.spearmanr and pearsonr of the cosines 0.99504, 0.70711, 0, 0.98058.
      expect(metrics["spearman"]).toBeCloseTo(0.8, 6);
      expect(metrics["pearson"]).toBeCloseTo(0.703232, 5);
    }
    const unscored = evaluateSentencePairs(encoder, tokenizer, {
      dataset: memoryDataset([{ texts: ["good", "bad"] }]),
    });
    await expect(unscored({})).rejects.toThrow("two texts and a score");
    const none = evaluateSentencePairs(encoder, tokenizer, { dataset: memoryDataset<SentenceExample>([]) });
    await expect(none({})).rejects.toThrow(TrainerOptionError);
  });

  it("ranks passages for queries", async () => {
    const pairs: SentenceExample[] = [
      { texts: ["good", "fine"] },
      // dull is nearer to bad than great is.
      { texts: ["bad", "great"] },
      { texts: ["great", "dull"] },
      // The same query with another passage: the better-placed one counts.
      { texts: ["good", "dull"] },
    ];
    for (const batchSize of [1, 32]) {
      const dataset = memoryDataset(pairs);
      const metrics = await evaluateSentenceRetrieval(encoder, tokenizer, { dataset, batchSize })({});
      // good: fine first; bad: dull, then great, rank 2; great: itself is a passage and first, fine 0.77, dull 0.83: rank 2.
      expect(metrics["recall@1"]).toBeCloseTo(1 / 3, 6);
      expect(metrics["recall@5"]).toBe(1);
      expect(metrics["mrr"]).toBeCloseTo((1 + 1 / 2 + 1 / 2) / 3, 6);
    }
  });
});

describe("training", () => {
  it.each(["regression", "pairs", "scores", "triplets"] as const)(
    "learns %s, and goes on where it was",
    async (kind) => {
      const size = tinyConfig.hidden_size;
      const example = (text: string, i: number): SentenceExample => {
        // The vector of a text says whether it is a good one.
        const sign = /good|fine|great/.test(text) ? 1 : -1;
        const vector = Float32Array.from({ length: size }, (_, k) => (k < 2 ? sign * Math.SQRT1_2 : 0));
        const other = texts[(i + 2) % texts.length]!;
        const opposite = texts[(i + 1) % texts.length]!;
        return {
          regression: { texts: [text], vector },
          pairs: { texts: [text, `${text} very`] },
          scores: i % 2 ? { texts: [text, other], score: 1 } : { texts: [text, opposite], score: 0 },
          triplets: { texts: [text, other, opposite] },
        }[kind];
      };
      const train = memoryDataset(texts.map(example));
      const { id2label: _, label2id: __, ...config } = tinyConfig;
      const losses: number[] = [];
      const checkpoints = memoryCheckpoints();
      const options = {
        config,
        tokenizer,
        train,
        loss: { kind },
        seed: 2,
        epochs: 12,
        batchSize: 6,
        learningRate: 5e-3,
        unpadded: true,
      } as const;
      const onEvent = (event: { type: string; loss?: number }) => event.type === "step" && losses.push(event.loss!);
      const whole = await fineTune("sentence-embedding", { ...options, onEvent });
      const mean = (part: readonly number[]) => part.reduce((sum, x) => sum + x, 0) / part.length;
      expect(mean(losses.slice(-4))).toBeLessThan(0.95 * mean(losses.slice(0, 4)));
      const controller = new AbortController();
      const stop = (event: { type: string; step?: number }) => event.step === 9 && controller.abort();
      const first = fineTune("sentence-embedding", {
        ...options,
        checkpoints,
        signal: controller.signal,
        onEvent: stop,
      });
      await expect(first).rejects.toThrow();
      const second = await fineTune("sentence-embedding", { ...options, checkpoints, resume: true });
      expect(weightsOf(second.model)).toEqual(weightsOf(whole.model));
      whole.model.dispose();
      second.model.dispose();
    },
  );

  it("leaves no memory behind", async () => {
    using model = await ConvBertModel.fromConfig(tinyConfig);
    const encoder = new SentenceEncoder(model);
    const run = () =>
      encoder.encodeRagged({
        sequences: [
          [2, 5, 3],
          [2, 6, 7, 3],
        ],
      });
    await run();
    const { liveBlocks } = model.backend.memory();
    const vectors = await run();
    expect(vectors.shape).toEqual([2, 16]);
    expect(model.backend.memory().liveBlocks).toBe(liveBlocks);
  });
});
