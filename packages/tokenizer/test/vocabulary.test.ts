import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { repairVocabulary } from "../src/repair.js";
import { sharedText, vocabulary } from "./golden-data.js";

const kinds = [ConvBertTokenizer, ConvBertTokenizerFast];

// As in the published file: decoded in the wrong character set, several lines became one, and lines end like on Windows.
const clean = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "the",
  "\u00e9",
  "\u00e8",
  "##\u00e9",
  "##\u00e8",
  "caf",
  "hello",
];
const damaged = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "the",
  "\u8305\ufffd",
  "\u8305\ufffd",
  "##\u8305\ufffd",
  "##\u8305\ufffd",
  "caf",
  "hello",
];

describe("a damaged vocabulary", () => {
  const text = damaged.map((line) => `${line}\r\n`).join("");

  for (const kind of kinds) {
    test(`${kind.name}: the last of several lines counts`, () => {
      const tokenizer = new kind(text);
      // The reference's len counts tokens and says 10, which is less than the ids need.
      expect(tokenizer.length).toBe(12);
      expect(tokenizer.vocabSize).toBe(10);
      expect(tokenizer.convertTokensToIds(["\u8305\ufffd", "##\u8305\ufffd", "hello"])).toEqual([7, 9, 11]);
      expect(tokenizer.encode("the caf hello")).toEqual([2, 5, 10, 11, 3]);
    });

    test(`${kind.name}: no id is lost on save`, async () => {
      const tokenizer = new kind(text);
      for (const legacyFormat of kind === ConvBertTokenizer ? [true] : [true, false]) {
        const again = await kind.fromPretrained(await tokenizer.toFiles({ legacyFormat }));
        expect([...again.getVocab()].sort()).toEqual([...tokenizer.getVocab()].sort());
        expect(again.encode("the caf hello")).toEqual([2, 5, 10, 11, 3]);
      }
    });

    test(`${kind.name}: an added token takes no id that is taken`, () => {
      const tokenizer = new kind(text);
      const before = tokenizer.getVocab();
      tokenizer.addTokens(["new1", "new2", "new3"]);
      const ids = tokenizer.convertTokensToIds(["new1", "new2", "new3"]);
      expect(new Set(ids).size).toBe(3);
      for (const id of ids) expect([...before.values()]).not.toContain(id);
      expect(tokenizer.encode("hello")).toEqual([2, 11, 3]);
    });
  }

  test("is repaired by a clean one", () => {
    const { text: repaired, repairs } = repairVocabulary(text, clean.join("\n"));
    expect(repaired).toBe(clean.map((line) => `${line}\n`).join(""));
    expect(repairs.map(({ id }) => id)).toEqual([6, 7, 8, 9]);
    expect(new ConvBertTokenizerFast(repaired, { strip_accents: false }).encode("caf\u00e9 \u00e8")).toEqual([
      2, 10, 8, 7, 3,
    ]);
  });

  test("is not repaired by another's clean one", () => {
    expect(() => repairVocabulary(text, clean.slice(1).join("\n"))).toThrow("12 lines and the clean one 11");
    expect(() => repairVocabulary(text, clean.map((line) => (line === "the" ? "a" : line)).join("\n"))).toThrow(
      /line 6 is "the"/,
    );
    expect(() => repairVocabulary(text, clean.map((line) => (line === "\u00e9" ? "e" : line)).join("\n"))).toThrow(
      TokenizerError,
    );
  });
});

const official = sharedText("vocab-official-corrupted.txt");
if (official)
  describe("the vocabulary of the published checkpoints", () => {
    const golden = JSON.parse(sharedText("official-corrupted.json") ?? "{}");
    const byKind = { slow: ConvBertTokenizer, fast: ConvBertTokenizerFast };
    for (const [kind, make] of Object.entries(byKind)) {
      test(kind, async () => {
        const tokenizer = new make(official!);
        expect(tokenizer.vocabSize).toBe(golden.vocab_size);
        expect(tokenizer.getVocab().size).toBe(golden.length);
        // A model resized to the reference's length would lose the embeddings of a thousand tokens.
        expect(tokenizer.length).toBe(30522);
        const encode = (t: typeof tokenizer): number[][] => golden.texts.map((text: string) => t.encode(text));
        expect(encode(tokenizer)).toEqual(golden[kind]);
        expect(encode(await make.fromPretrained(await tokenizer.toFiles()))).toEqual(golden[kind]);
      });
    }

    test("is repaired by BERT's", () => {
      const { text, repairs } = repairVocabulary(official!, vocabulary);
      expect(text).toBe(vocabulary);
      expect(repairs).toHaveLength(1900);
    });
  });

test("a vocabulary may be text, tokens, or ids by token", () => {
  const tokens = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "a", "##b"];
  const byToken = Object.fromEntries(tokens.map((token, id) => [token, id]));
  for (const source of [tokens.join("\n"), tokens, byToken, new Map(Object.entries(byToken))]) {
    for (const kind of kinds) expect(new kind(source).encode("ab b")).toEqual([1, 5, 6, 0, 2]);
  }
});
