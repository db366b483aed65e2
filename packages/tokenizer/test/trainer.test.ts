import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sharedFolder } from "../../../tooling/config/machine.ts";
import { ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { trainWordPiece, trainWordPieceFromFiles } from "../src/training/index.js";
import { api, plain, take } from "./features.js";
import { golden, readTrained } from "./golden-data.js";

const trained = readTrained();

/** The order in which the reference happened to number its continuations of one character. */
const orderOf = (tokens: readonly string[]): string[] =>
  tokens
    .filter((token) => token.startsWith("##") && Array.from(token).length === 3)
    .map((token) => Array.from(token)[2]!);

describe("what the Rust trainer makes of the same texts", () => {
  trained.runs.forEach(({ options, tokens }, i) => {
    test(`${i} ${JSON.stringify(options)}`, async () => {
      const texts = trained.texts;
      expect(await trainWordPiece(texts, { ...options, continuingAlphabet: orderOf(tokens) })).toEqual(tokens);
    });
  });
});

const books = sharedFolder("data/books");
if (books !== undefined)
  test("the books give the Rust trainer's vocabulary", async () => {
    const files = readdirSync(books).sort();
    const tokens = await trainWordPieceFromFiles(
      files.map((file) => books + file),
      { vocab_size: 5000, continuingAlphabet: orderOf(trained.books) },
    );
    expect(tokens).toEqual(trained.books);
  });

test("a trained vocabulary serves a tokenizer", async () => {
  const tokens = await trainWordPiece(golden.texts, { vocab_size: 400, min_frequency: 1 });
  const tokenizer = new ConvBertTokenizerFast(tokens);
  expect(tokenizer.decode(tokenizer.encode("hello world"), { skip_special_tokens: true })).toBe("hello world");
});

test("training reports progress, and stops when it is told to", async () => {
  const stages = new Set<string>();
  await trainWordPiece(golden.texts, {
    vocab_size: 3000,
    min_frequency: 1,
    onProgress: ({ stage }) => stages.add(stage),
  });
  expect([...stages]).toEqual(["words", "merges"]);
  await expect(trainWordPiece(golden.texts, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
    "enough",
  );
  await expect(trainWordPiece([], { vocab_size: 0 })).rejects.toThrow("vocab_size is 0");
});

test("the same texts give the same vocabulary, whatever their order", async () => {
  const forwards = await trainWordPiece(golden.texts, { vocab_size: 600 });
  expect(await trainWordPiece([...golden.texts].reverse(), { vocab_size: 600 })).toEqual(forwards);
});

describe("a tokenizer trained anew from another, as the reference does it", () => {
  api.retrained.forEach(({ files, given, size, options, tokens, steps }, i) => {
    test(`${i} ${Object.keys(files)} ${JSON.stringify(given)} ${JSON.stringify(options)}`, async () => {
      const from = await ConvBertTokenizerFast.fromPretrained(files, given);
      const before = [...from.getVocab()];
      const batches = [api.corpus.slice(0, 4), api.corpus.slice(4)];
      const made = await from.trainNewFromIterator(batches, size, { ...options, continuingAlphabet: orderOf(tokens) });
      expect([...made.getVocab()].sort(([, a], [, b]) => a - b).map(([token]) => token)).toEqual(tokens);
      for (const tokenizer of [made, await ConvBertTokenizerFast.fromPretrained(await made.toFiles())]) {
        for (const [method, args, expected] of steps)
          expect(plain(take(tokenizer, method, args)), `${method}(${JSON.stringify(args)})`).toEqual(expected);
      }
      expect([...from.getVocab()]).toEqual(before);
    });
  });

  test("texts may come one by one, from anywhere", async () => {
    const from = new ConvBertTokenizerFast(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    async function* stream(): AsyncGenerator<string> {
      yield* api.corpus;
    }
    const made = await from.trainNewFromIterator(stream(), 100);
    expect([...made.getVocab()]).toEqual([...(await from.trainNewFromIterator([api.corpus], 100)).getVocab()]);
    expect(made.encode("the film").slice(1, -1)).not.toContain(made.unkTokenId);
  });

  test("known divergences: the tokenizer's own prefix, and new names for additional tokens as well", async () => {
    const vocab = Object.fromEntries(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"].map((word, id) => [word, id]));
    const json = {
      pre_tokenizer: { type: "BertPreTokenizer" },
      model: { type: "WordPiece", continuing_subword_prefix: "@@", vocab },
    };
    const options = { additional_special_tokens: ["<x>"] };
    const from = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) }, options);
    const made = await from.trainNewFromIterator(["ab"], 20, { special_tokens_map: { "<x>": "<y>" } });
    const tokens = [...made.getVocab().keys()];
    expect(tokens).toContain("@@b");
    // The reference would add "<x>" once more.
    expect(made.additionalSpecialTokens).toEqual(["<y>"]);
    expect(tokens).not.toContain("<x>");
  });

  test("what cannot be trained on is refused", async () => {
    const from = new ConvBertTokenizerFast(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    for (const texts of ["a text", null, undefined, 5, [5], [["a", null]], {}])
      await expect(from.trainNewFromIterator(texts as never, 50)).rejects.toBeInstanceOf(TokenizerError);
    for (const texts of ["a text", null, 5, [5], [["a"]]])
      await expect(trainWordPiece(texts as never)).rejects.toBeInstanceOf(TokenizerError);
    for (const size of [0, -1, 1.5, Number.NaN, "100", null, undefined])
      await expect(from.trainNewFromIterator(["a"], size as never)).rejects.toMatchObject({ code: "invalid-option" });
    await expect(from.trainNewFromIterator(["a"], 50, { minFrequency: 2 } as never)).rejects.toThrow(/minFrequency/);
    await expect(from.trainNewFromIterator(["a"], 50, { new_special_tokens: "<a>" } as never)).rejects.toThrow(
      /new_special_tokens/,
    );
    await expect(trainWordPieceFromFiles("corpus.txt" as never)).rejects.toBeInstanceOf(TokenizerError);
    const aborted = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(from.trainNewFromIterator(["a"], 50, aborted)).rejects.toThrow("enough");
  });
});
