import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sharedFolder } from "../../../tooling/config/machine.ts";
import { ConvBertTokenizerFast } from "../src/index.js";
import { trainWordPiece, trainWordPieceFromFiles } from "../src/trainer/index.js";
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
