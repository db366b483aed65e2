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

  describe("words of any length", () => {
    const load = (words: readonly string[], most = 2 ** 31 - 1): Promise<ConvBertTokenizerFast> =>
      ConvBertTokenizerFast.fromPretrained({
        "tokenizer.json": JSON.stringify({
          model: {
            type: "WordPiece",
            vocab: Object.fromEntries(words.map((word, id) => [word, id])),
            max_input_chars_per_word: most,
          },
          pre_tokenizer: { type: "WhitespaceSplit" },
        }),
      });

    test("of which each place might begin a token of 200,000 letters", async () => {
      const long = `${"a".repeat(200_000)}b`;
      const tokenizer = await load([...SPECIAL, "a", "##a", long, `##${long}`, `##${"a".repeat(300)}c`]);
      expect(tokenizer.encode("a".repeat(400_000))).toEqual([5, ...new Array(399_999).fill(6)]);
      expect(tokenizer.encode(`${long}a${long}${"a".repeat(300)}c`)).toEqual([7, 6, 8, 9]);
      expect(tokenizer.encode(`a${long} ${"a".repeat(301)}c`)).toEqual([5, 8, 5, 9]);
    });

    test("tokens of too many lengths are refused where words may be as long", async () => {
      const words = Array.from({ length: 1100 }, (_, i) => "a".repeat(i + 100));
      expect((await load([...SPECIAL, ...words], 100)).encode("a".repeat(100))).toEqual([5]);
      await expect(load([...SPECIAL, ...words])).rejects.toMatchObject({
        name: "TokenizerError",
        code: "unsupported",
        message: expect.stringMatching(/tokens of 1072 different lengths above 128/),
      });
    });
  });

  describe("what would use up all memory is refused", () => {
    const total = "added tokens have more than 1048576 characters in all; words belong into the vocabulary";
    const refused = { name: "TokenizerError", code: "invalid-input", message: total };
    const words = Object.fromEntries([...SPECIAL, "a", "x"].map((word, id) => [word, id]));
    const model = { type: "WordPiece", vocab: words };
    const load = (json: object): Promise<ConvBertTokenizerFast> =>
      ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify({ model, ...json }) });

    test.each([
      ["slow", ConvBertTokenizer],
      ["fast", ConvBertTokenizerFast],
    ])("added tokens of too many characters: %s", async (_, kind) => {
      const tokenizer = new kind([...SPECIAL, "a"]);
      const many = Array.from({ length: 40 }, (_, i) => `${i}b`.repeat(10_000));
      tokenizer.addTokens(many.slice(0, 20));
      expect(() => tokenizer.addTokens(many)).toThrow(expect.objectContaining(refused));
      expect(() => tokenizer.addTokens("a".repeat(2_000_000))).toThrow(expect.objectContaining(refused));
      expect(tokenizer.length).toBe(26);
      expect(tokenizer.encode(many[3]!)).toEqual([1, 9, 2]);
      const decoder = Object.fromEntries(many.map((content, i) => [i + 6, { content }]));
      expect(() => new kind(SPECIAL, { added_tokens_decoder: decoder })).toThrow(expect.objectContaining(refused));
      const files = {
        "vocab.txt": SPECIAL.join("\n"),
        "tokenizer_config.json": JSON.stringify({ added_tokens_decoder: decoder }),
      };
      await expect(kind.fromPretrained(files)).rejects.toMatchObject(refused);
      const added = Object.fromEntries(many.map((content, i) => [content, i + 6]));
      const legacy = { "vocab.txt": SPECIAL.join("\n"), "added_tokens.json": JSON.stringify(added) };
      await expect(kind.fromPretrained(legacy)).rejects.toMatchObject(refused);
      const tokens = many.map((content, i) => ({ id: i + 7, content }));
      const json = { "tokenizer.json": JSON.stringify({ model, added_tokens: tokens }) };
      await expect(kind.fromPretrained(json)).rejects.toMatchObject(refused);
    });

    test("added tokens that a normalizer makes long", async () => {
      const normalizer = { type: "Replace", pattern: { String: "a" }, content: "b".repeat(600_000) };
      await expect(
        load({ normalizer, added_tokens: [{ id: 7, content: "aa", normalized: true }] }),
      ).rejects.toMatchObject(refused);
    });

    test("a text that a normalizer makes long", async () => {
      const normalizer = { type: "Replace", pattern: { Regex: "a*" }, content: "x".repeat(100_000) };
      const tokenizer = await load({ normalizer });
      expect(tokenizer.encode("a").length).toBeGreaterThan(0);
      expect(() => tokenizer.encode("b".repeat(60))).toThrow(
        expect.objectContaining({
          code: "invalid-input",
          message: expect.stringMatching(/Replace makes more than 4194304/),
        }),
      );
    });
  });
});
