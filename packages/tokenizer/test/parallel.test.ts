import { describe, expect, test } from "vitest";
import {
  type BatchEncoding,
  type CallOptions,
  ConvBertTokenizer,
  ConvBertTokenizerFast,
  type TextInput,
} from "../src/index.js";
import { golden, vocabulary } from "./golden-data.js";

const workerUrl = new URL("./worker-bootstrap.mjs", import.meta.url);
const always = { threads: 2, minimumSize: 0, workerUrl };

const rows = (batch: BatchEncoding): unknown => ({ ...batch, all: batch.encodings.map((e) => ({ ...e })) });

describe("workers give what a call gives", () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary, { do_lower_case: false });
  tokenizer.addTokens(["<e>", { content: "of the", lstrip: true }]);
  const texts = [...golden.texts, "\u{1d504} <e> out of the \u{1f600} box"];
  const calls: readonly (readonly [TextInput, CallOptions])[] = [
    [texts, {}],
    [texts, { padding: true, truncation: true, max_length: 20, return_tensors: true }],
    [texts, { return_offsets_mapping: true, return_special_tokens_mask: true }],
    [
      texts,
      {
        truncation: true,
        max_length: 8,
        stride: 2,
        return_overflowing_tokens: true,
        return_offsets_mapping: true,
        offset_unit: "utf16",
      },
    ],
    [golden.pairs, { truncation: "longest_first", max_length: 16 }],
    [golden.texts.map((text) => text.split(" ")), { is_split_into_words: true, return_offsets_mapping: true }],
  ];
  for (const [input, options] of calls) {
    test(JSON.stringify(options), async () => {
      expect(rows(await tokenizer.encodeBatch(input, options, always))).toEqual(rows(tokenizer(input, options)));
    });
  }
});

test("an error in a worker is the caller's error", async () => {
  const tokenizer = new ConvBertTokenizerFast(["[CLS]", "[SEP]", "a"], { unk_token: "<none>" });
  await expect(tokenizer.encodeBatch(["a", "b c"], {}, always)).rejects.toMatchObject({
    code: "missing-unknown-token",
  });
  expect((await tokenizer.encodeBatch(["a", "a a"], {}, always)).input_ids).toEqual(tokenizer(["a", "a a"]).input_ids);
});

test("a signal stops the waiting", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  await tokenizer.encodeBatch(golden.texts, {}, always);
  const controller = new AbortController();
  const running = tokenizer.encodeBatch(golden.texts, {}, { ...always, signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  expect((await tokenizer.encodeBatch(golden.texts, {}, always)).input_ids).toEqual(tokenizer(golden.texts).input_ids);
});

test("without workers the caller does the work", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const expected = tokenizer(["a fine film"]).input_ids;
  const nowhere = { ...always, workerUrl: new URL("./no-such-worker.mjs", import.meta.url) };
  for (const parallel of [{}, { threads: 1, minimumSize: 0 }, nowhere]) {
    expect((await tokenizer.encodeBatch(["a fine film"], {}, parallel)).input_ids).toEqual(expected);
  }
  expect((await new ConvBertTokenizer(vocabulary).encodeBatch(["a fine film"], {}, always)).input_ids).toEqual(
    expected,
  );
});

test("a stream comes in batches", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  let drawn = 0;
  async function* texts(): AsyncGenerator<string | readonly [string, string]> {
    for (let i = 0; i < 10; i++) {
      drawn++;
      yield i % 2 ? ["a pair", `of ${i}`] : `text ${i}`;
    }
  }
  const sizes: number[] = [];
  const ids: number[][] = [];
  for await (const batch of tokenizer.stream(texts(), { padding: true }, { batchSize: 4 })) {
    const batchIds = batch.input_ids as number[][];
    sizes.push(batchIds.length);
    ids.push(...batchIds);
    expect(drawn).toBeLessThanOrEqual(sizes.length * 4);
  }
  expect(sizes).toEqual([4, 4, 2]);
  expect(ids[0]!.slice(0, 4)).toEqual(tokenizer.encode("text 0"));
  const stopped = tokenizer.stream(["a", "b"], {}, { signal: AbortSignal.abort(new Error("enough")) });
  await expect(stopped.next()).rejects.toThrow("enough");
});
