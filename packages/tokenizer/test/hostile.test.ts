import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "../src/index.js";

const SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"];

/** Whoever looks at all pairs, or begins anew at every place, does not come to the end of these. */
describe("time grows with what is read, whatever it is", () => {
  // Two texts of one hash: any mixture of theirs has one hash as well.
  const pair = ["\u7f96\u8715\u5c93\u853a", "\u7f24\u6280\u9c0e\u711c"];
  const colliding = Array.from({ length: 1 << 16 }, (_, i) =>
    Array.from({ length: 16 }, (__, k) => pair[(i >> k) & 1]).join(""),
  );

  test("65,536 tokens of one hash", () => {
    const tokenizer = new ConvBertTokenizerFast([...SPECIAL, ...colliding], { tokenize_chinese_chars: false });
    expect(tokenizer.length).toBe(SPECIAL.length + colliding.length);
    expect(tokenizer.encode(colliding.slice(7000, 7100).join(" "))).toEqual([
      1,
      ...Array.from({ length: 100 }, (_, i) => 7005 + i),
      2,
    ]);
    expect(tokenizer.convertTokensToIds([colliding[3]!, pair[0]!])).toEqual([8, 0]);
  });

  test("a token of that hash that stands there twice keeps its last id", () => {
    const [a, b, c] = colliding as [string, string, string];
    for (const kind of [ConvBertTokenizer, ConvBertTokenizerFast]) {
      const tokenizer = new kind([...SPECIAL, a, b, c, b, a]);
      expect(tokenizer.convertTokensToIds([a, b, c])).toEqual([9, 8, 7]);
      expect(tokenizer.vocabSize).toBe(8);
    }
  });

  test("an added token of 40,000 letters", () => {
    const tokenizer = new ConvBertTokenizerFast([...SPECIAL, "a"]);
    const long = `${"a".repeat(40_000)}b`;
    tokenizer.addTokens([long, "aa"]);
    expect(tokenizer.encode("a".repeat(100_001)).length).toBe(50_001 + 2);
    expect(tokenizer.encode(`!${long}aaa`)).toEqual([1, 0, 6, 7, 5, 2]);
  });

  test("spaces that two hundred thousand tokens take in", () => {
    const tokenizer = new ConvBertTokenizerFast([...SPECIAL, "a"]);
    tokenizer.addTokens([{ content: " ", lstrip: true, rstrip: true, normalized: false }]);
    // As tokenizers 0.14.1 answers: the first takes in all.
    expect(tokenizer.encode(`a${" ".repeat(200_000)}a`)).toEqual([1, 5, 6, 5, 2]);
  });
});
