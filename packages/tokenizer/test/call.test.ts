import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { vocabulary } from "./golden-data.js";

const fast = new ConvBertTokenizerFast(vocabulary);
const slow = new ConvBertTokenizer(vocabulary);

describe("results", () => {
  test("a batch's fields spread into a model's input, and nothing else does", () => {
    const batch = fast(["a fine film", "a dull one"], { padding: true, return_tensors: true });
    expect(Object.keys({ ...batch })).toEqual(["input_ids", "token_type_ids", "attention_mask"]);
    expect(batch.input_ids).toEqual({
      data: Int32Array.of(101, 1037, 2986, 2143, 102, 101, 1037, 10634, 2028, 102),
      shape: [2, 5],
    });
    expect(slow(["a fine film", "a dull one"], { return_tensors: true }).input_ids).toEqual(batch.input_ids);
  });

  test("a single text has one row as a tensor", () => {
    expect(fast("a film", { return_tensors: true }).attention_mask).toEqual({
      data: Int32Array.of(1, 1, 1, 1),
      shape: [1, 4],
    });
  });

  test("no text gives no rows", () => {
    for (const tokenizer of [fast, slow]) {
      expect(tokenizer([]).input_ids).toEqual([]);
      expect(tokenizer([], { return_tensors: true, padding: true }).input_ids).toEqual({
        data: new Int32Array(0),
        shape: [0, 0],
      });
    }
  });

  test("the slow tokenizer pads a text without tokens in a batch only, as the reference does", () => {
    const options = { add_special_tokens: false, padding: "max_length", max_length: 2 } as const;
    expect(slow("\x0b", options).input_ids).toEqual([]);
    expect(slow(["\x0b"], options).input_ids).toEqual([[0, 0]]);
    expect(fast("\x0b", options).input_ids).toEqual([0, 0]);
  });

  test("any number of tokens can be added, and found in a long text", () => {
    const tokens = Array.from({ length: 20_000 }, (_, i) => `<t${i}>`);
    for (const kind of [ConvBertTokenizer, ConvBertTokenizerFast]) {
      const tokenizer = new kind(vocabulary);
      expect(tokenizer.addTokens(tokens, { special: kind === ConvBertTokenizer })).toBe(tokens.length);
      const ids = tokenizer.encode(tokens.join(" "), { add_special_tokens: false, verbose: false });
      expect(ids).toEqual(tokens.map((_, i) => 30522 + i));
      // Beginnings of tokens that come to nothing.
      expect(tokenizer.encode("<t1".repeat(30_000), { verbose: false })).toHaveLength(90_002);
    }
  });

  test("where tokens overlap, each tokenizer takes what its reference takes", () => {
    const overlapping = ["xY", "xYZ", "yzX"];
    const text = "xYZ xyz yzXYZ axYb";
    const tokens = [ConvBertTokenizer, ConvBertTokenizerFast].map((kind) => {
      const tokenizer = new kind(vocabulary);
      tokenizer.addSpecialTokens({ additional_special_tokens: overlapping });
      return tokenizer.tokenize(text);
    });
    // The slow one lower-cases around the first of its tokens that fits, not the longest.
    expect(tokens).toEqual([
      ["xY", "z", "x", "##y", "##z", "yzX", "y", "##z", "a", "xY", "b"],
      ["xYZ ", "x", "##y", "##z", " yzX", "y", "##z", "a", "xY", "b"],
    ]);
  });

  test("known divergence: word characters beside a single_word token are those of the engine's Unicode version", () => {
    const tokenizer = new ConvBertTokenizerFast(vocabulary);
    tokenizer.addTokens([{ content: "qq", single_word: true, normalized: false }]);
    expect(tokenizer.tokenize("aqq")).toEqual(["a", "##q", "##q"]);
    expect(tokenizer.tokenize("(qq)")).toEqual(["(", "qq", ")"]);
    // An ideograph of Unicode 15.1, newer than what the reference knows, which finds the token here.
    expect(tokenizer.tokenize("\u{2ebf0}qq")).not.toEqual(["[UNK]", "qq"]);
  });

  test("offsets can count UTF-16 units, which slice the text", () => {
    const text = "\u{1d504}\u{1d505} \u{1f600} a \u{20bb7}\u91ce b";
    const inUnits = fast(text, { return_offsets_mapping: true, offset_unit: "utf16" });
    const inPoints = fast(text, { return_offsets_mapping: true });
    const points = Array.from(text);
    (inUnits.offset_mapping as [number, number][]).forEach(([start, end], i) => {
      const [from, to] = (inPoints.offset_mapping as [number, number][])[i]!;
      expect(text.slice(start, end)).toBe(points.slice(from, to).join(""));
    });
    expect(inUnits.charToToken(text.indexOf("b"))).toBe(inPoints.charToToken(points.indexOf("b")));
  });

  test("a tokenizer is a function, and an instance of its class", () => {
    expect(fast).toBeInstanceOf(ConvBertTokenizerFast);
    expect(typeof fast).toBe("function");
    expect(fast.length).toBe(30522);
    expect([fast.isFast, slow.isFast]).toEqual([true, false]);
  });

  test("roles of special tokens can be set", () => {
    const tokenizer = new ConvBertTokenizerFast(vocabulary);
    tokenizer.padToken = "[unused5]";
    expect(tokenizer.padTokenId).toBe(6);
    expect(tokenizer(["a", "a b"], { padding: true }).input_ids[0]).toEqual([101, 1037, 102, 6]);
    tokenizer.padToken = undefined;
    expect(() => tokenizer(["a"], { padding: true })).toThrow("does not have a padding token");
  });

  test("decoding takes a tensor's rows", () => {
    const { input_ids } = fast(["a fine film", "dull"], { padding: true, return_tensors: true });
    expect(fast.batchDecode(input_ids, { skip_special_tokens: true })).toEqual(["a fine film", "dull"]);
    expect(fast.decode(2143)).toBe("film");
  });

  test("lone surrogates are dropped like other controls", () => {
    for (const tokenizer of [fast, slow])
      expect(tokenizer.encode("a\ud800b \udc00 c\ud83d")).toEqual(tokenizer.encode("ab c"));
    expect(fast("a\ud800 b", { return_offsets_mapping: true }).offset_mapping).toEqual([
      [0, 0],
      [0, 1],
      [3, 4],
      [0, 0],
    ]);
  });

  // [UNK] for a word of more than 100 characters; nothing is left of marks, except of those that are no nonspacing ones.
  test.each([
    ["a", 0, 1],
    ["unaffable ", 3, 0],
    ["!", 1, 0],
    ["\u0301", 0, 0],
    ["\u302e\u302a\u0301", 0, 1],
    ["\u4e2d", 1, 0],
    ["[MASK]", 1, 0],
    ["[", 1, 0],
    ["\u{1d504}", 0, 1],
  ])("a long text of %j is tokenized", (piece, each, all) => {
    const longest: readonly (readonly [ConvBertTokenizer | ConvBertTokenizerFast, number])[] = [
      [fast, 1e6],
      [slow, 1e5],
    ];
    for (const [tokenizer, length] of longest) {
      const count = Math.floor(length / piece.length);
      expect(tokenizer.encode(piece.repeat(count), { verbose: false })).toHaveLength(each * count + all + 2);
    }
  });
});

describe("errors", () => {
  const call = fast as unknown as (...args: unknown[]) => unknown;
  const cases: readonly (readonly [string, () => unknown, string, RegExp])[] = [
    ["no text", () => call(undefined), "invalid-input", /text is undefined; expected a string/],
    ["a number", () => call(["a", 5]), "invalid-input", /text\[1\] is a number/],
    ["three of a pair", () => call([["a", "b", "c"]]), "invalid-input", /text\[0\] is a list of 3/],
    [
      "pairs that do not match",
      () => call(["a", "b"], { text_pair: ["c"] }),
      "invalid-input",
      /text_pair is a list of 1; expected a list of 2/,
    ],
    ["a pair for a batch", () => call(["a"], { text_pair: "b" }), "invalid-input", /text_pair/],
    ["text for words", () => call("a b", { is_split_into_words: true }), "invalid-input", /expected a list of words/],
    [
      "a word that is none",
      () => call(["a", 1], { is_split_into_words: true }),
      "invalid-input",
      /text\[1\] is a number/,
    ],
    ["an option's spelling", () => call("a", { max_lenght: 5 }), "invalid-option", /max_lenght/],
    [
      "a strategy",
      () => call("a", { truncation: "longest" }),
      "invalid-option",
      /truncation.*"longest".* is none of longest_first/,
    ],
    ["a length", () => call("a", { max_length: 1.5 }), "invalid-option", /max_length: a number \(1.5\)/],
    ["a negative stride", () => call("a", { stride: -1 }), "invalid-option", /stride: a number \(-1\)/],
    [
      "a side",
      () => new ConvBertTokenizerFast(vocabulary, { padding_side: "up" as never }),
      "invalid-option",
      /padding_side/,
    ],
    [
      "ragged rows",
      () => call(["a", "a b"], { return_tensors: true }),
      "ragged",
      /Unable to create tensor.*row 1 has 4/,
    ],
    [
      "a pair to cut",
      () => call("a b c", { truncation: "only_second", max_length: 3 }),
      "truncation",
      /Second sequence not provided/,
    ],
    [
      "offsets of the slow one",
      () => slow("a", { return_offsets_mapping: true }),
      "not-available",
      /return_offset_mapping is not available/,
    ],
    ["rows of the slow one", () => slow("a").tokens(), "not-available", /slow tokenizer/],
    ["a row that is not there", () => fast("a").tokens(3), "invalid-input", /row 3/],
    ["a role", () => fast.addSpecialTokens({ nose_token: "x" } as object), "invalid-option", /nose_token/],
  ];
  for (const [name, act, code, message] of cases) {
    test(name, () => {
      let thrown: unknown;
      try {
        act();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(TokenizerError);
      expect((thrown as TokenizerError).code).toBe(code);
      expect((thrown as TokenizerError).message).toMatch(message);
    });
  }

  test("files that are missing or wrong", async () => {
    const load = (files: Record<string, string>): Promise<unknown> => ConvBertTokenizerFast.fromPretrained(files);
    await expect(load({})).rejects.toMatchObject({ code: "missing-file" });
    await expect(load({ "vocab.json": "{}", "merges.txt": "" })).rejects.toThrow(/byte-pair/);
    await expect(load({ "vocab.txt": "a", "tokenizer_config.json": "{" })).rejects.toThrow(/tokenizer_config\.json/);
    await expect(load({ "tokenizer.json": "[]" })).rejects.toMatchObject({ code: "invalid-file" });
    await expect(load({ "tokenizer.json": '{"model":{"type":"BPE","vocab":{}}}' })).rejects.toThrow(/BPE/);
    await expect(load({ "tokenizer.json": '{"model":{"type":"WordPiece","vocab":{"a":0,"b":0}}}' })).rejects.toThrow(
      /"b" the id 0/,
    );
    await expect(
      load({ "tokenizer.json": '{"model":{"type":"WordPiece","vocab":{"a":0}},"normalizer":{"type":"Precompiled"}}' }),
    ).rejects.toThrow(/Precompiled/);
    await expect(load({ "vocab.txt": "a", "added_tokens.json": '{"x":"y"}' })).rejects.toThrow(
      /added_tokens\.json: x is "y"/,
    );
  });
});
