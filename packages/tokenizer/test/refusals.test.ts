import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { vocabulary } from "./golden-data.js";

const both = [new ConvBertTokenizerFast(vocabulary), new ConvBertTokenizer(vocabulary)];
// biome-ignore lint/suspicious/noExplicitAny: wrong types are the subject
type Any = any;

/** Does what must fail, and says with which code. */
function codeOf(act: () => unknown): unknown {
  try {
    return { returned: act() };
  } catch (error) {
    return error instanceof TokenizerError ? error.code : error;
  }
}

describe("ids in every form", () => {
  const film = [2143, 3];
  const row = Int32Array.from(film);
  test.each<[string, unknown]>([
    ["a list", film],
    ["a typed array", row],
    ["unsigned bytes and the like", Uint16Array.from(film)],
    ["64-bit ids", BigInt64Array.from(film, BigInt)],
    ["a list of BigInts", film.map(BigInt)],
    ["whole floats", Float32Array.from(film)],
    ["a tensor of one row", { data: row, shape: [1, 2] }],
    ["a tensor of one axis", { data: row, shape: [2] }],
    ["an ndarray of one axis", ndarray(row)],
    ["an ndarray of one row", ndarray(row, [1, 2])],
    ["a column of an ndarray", ndarray(Int32Array.of(2143, 0, 3, 0), [2, 2]).pick(-1, 0)],
    ["a row of an ndarray", ndarray(Int32Array.of(0, 0, 2143, 3), [2, 2]).pick(1, -1)],
    ["a reversed view", ndarray(Int32Array.of(3, 2143)).step(-1)],
  ])("%s", (_, ids) => {
    for (const tokenizer of both) {
      expect(tokenizer.decode(ids as Any)).toBe("film [unused2]");
      expect(tokenizer.convertIdsToTokens(ids as Any)).toEqual(["film", "[unused2]"]);
      expect(tokenizer.batchDecode([ids as Any, film])).toEqual(["film [unused2]", "film [unused2]"]);
      expect(tokenizer.encode(ids as Any)).toEqual([101, 2143, 3, 102]);
    }
  });

  test("a single id", () => {
    for (const tokenizer of both) {
      expect([tokenizer.decode(2143), tokenizer.decode(2143n)]).toEqual(["film", "film"]);
      expect(tokenizer.decode({ data: [2143], shape: [] })).toBe("film");
      expect(tokenizer.convertIdsToTokens(2143n)).toBe("film");
    }
  });

  test("rows", () => {
    const data = Int32Array.of(2143, 3, 2003, 2143);
    for (const tokenizer of both) {
      for (const rows of [{ data, shape: [2, 2] }, ndarray(data, [2, 2]), [data.subarray(0, 2), data.subarray(2)]])
        expect(tokenizer.batchDecode(rows as Any)).toEqual(["film [unused2]", "is film"]);
      expect(tokenizer.batchDecode(ndarray(data, [2, 2]).transpose(1, 0) as Any)).toEqual([
        "film is",
        "[unused2] film",
      ]);
      expect(tokenizer.batchDecode([2143, 2003])).toEqual(["film", "is"]);
      expect(tokenizer.batchDecode(tokenizer("a film", { return_tensors: true }).input_ids)).toEqual([
        "[CLS] a film [SEP]",
      ]);
      expect(tokenizer.decode(tokenizer("a film", { return_tensors: true }).input_ids)).toBe("[CLS] a film [SEP]");
    }
  });

  const none: [string, unknown][] = [
    ["a string", "abc"],
    ["digits", "12"],
    ["nothing", undefined],
    ["null", null],
    ["true", true],
    ["a float", 2.7],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["a symbol", Symbol("id")],
    ["a function", () => 1],
    ["a set", new Set([2143])],
    ["a batch", both[0]!("a film")],
    ["an object", { input_ids: [2143] }],
    ["a DataView", new DataView(new ArrayBuffer(8))],
    ["a list with a float", [2.7]],
    ["a list with NaN", [Number.NaN]],
    ["a list with null", [null]],
    ["a list with a hole", [2143, undefined]],
    ["a list of strings", ["2143"]],
    ["a list of booleans", [true, false]],
    ["a nested list", [[2143, 3]]],
    ["a tensor of two rows", { data: Int32Array.of(2143, 3), shape: [2, 1] }],
    ["a tensor of three axes", { data: Int32Array.of(2143), shape: [1, 1, 1] }],
    ["a shape larger than its data", { data: [2143], shape: [1, 2 ** 40] }],
    ["a shape of nonsense", { data: [2143], shape: [Number.NaN] }],
    ["probabilities", Float32Array.of(0.25)],
  ];
  test.each(none)("%s is refused", (_, ids) => {
    for (const tokenizer of both) {
      expect(codeOf(() => tokenizer.decode(ids as Any))).toBe("invalid-input");
      expect(codeOf(() => tokenizer.convertIdsToTokens(ids as Any))).toBe("invalid-input");
      expect(codeOf(() => tokenizer.batchDecode([ids] as Any))).toBe("invalid-input");
      expect(codeOf(() => tokenizer.prepareForModel(ids as Any))).toBe("invalid-input");
      expect(
        codeOf(() => tokenizer.truncateSequences([5], ids === undefined || ids === null ? "x" : (ids as Any))),
      ).toBe("invalid-input");
    }
  });

  test.each<[string, unknown]>([
    ["a string", "abc"],
    ["null", null],
    ["a number", 2143],
    ["an object", {}],
    ["a batch", both[0]!(["a film"])],
  ])("batchDecode refuses %s", (_, rows) => {
    for (const tokenizer of both) expect(codeOf(() => tokenizer.batchDecode(rows as Any))).toBe("invalid-input");
  });

  test("ids that nothing has", () => {
    const [fast, slow] = both;
    for (const id of [-1, -100, 2 ** 32]) {
      expect(codeOf(() => fast!.decode([id]))).toBe("invalid-input");
      expect(slow!.decode([id])).toBe("[UNK]");
    }
    expect(fast!.convertIdsToTokens([10 ** 6])).toEqual([undefined]);
    expect(slow!.convertIdsToTokens([10 ** 6])).toEqual(["[UNK]"]);
  });

  test("messages show at most a part of what was given", () => {
    try {
      both[0]!.decode("x\u0000\n".repeat(1000) as Any);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(900);
      expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/);
    }
  });
});

describe("every public method refuses wrong types with a typed error", () => {
  // Small: a new tokenizer for each value.
  const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"];
  const wrong: unknown[] = [
    null,
    5,
    true,
    "text",
    ["x"],
    [5],
    {},
    Symbol("s"),
    () => 1,
    Number.NaN,
    5n,
    [null],
    new Map(),
  ];
  /** What each method may be given, beside what is wrong for it. */
  const methods: readonly (readonly [name: string, call: (tokenizer: Any, value: Any) => unknown])[] = [
    ["call", (t, v) => t(v)],
    ["call's options", (t, v) => t("a", v)],
    ["call's pair", (t, v) => t("a", { text_pair: v })],
    ...[
      "add_special_tokens",
      "padding",
      "truncation",
      "max_length",
      "stride",
      "is_split_into_words",
      "pad_to_multiple_of",
      "padding_side",
      "truncation_side",
      "return_tensors",
      "return_token_type_ids",
      "return_length",
      "offset_unit",
      "verbose",
    ].map((name) => [`option ${name}`, (t: Any, v: Any) => t("a", { [name]: v })] as const),
    ["tokenize", (t, v) => t.tokenize(v)],
    ["tokenize's options", (t, v) => t.tokenize("a", v)],
    ["encode", (t, v) => t.encode(v)],
    ["encode's options", (t, v) => t.encode("a", v)],
    ["encode's pair", (t, v) => t.encode([5], { text_pair: v })],
    ["decode", (t, v) => t.decode(v)],
    ["decode's options", (t, v) => t.decode([5], v)],
    ["batchDecode", (t, v) => t.batchDecode(v)],
    ["convertIdsToTokens", (t, v) => t.convertIdsToTokens(v)],
    ["convertTokensToIds", (t, v) => t.convertTokensToIds(v)],
    ["convertTokensToString", (t, v) => t.convertTokensToString(v)],
    ["buildInputsWithSpecialTokens", (t, v) => t.buildInputsWithSpecialTokens(v)],
    ["buildInputsWithSpecialTokens' pair", (t, v) => t.buildInputsWithSpecialTokens([5], v)],
    ["getSpecialTokensMask", (t, v) => t.getSpecialTokensMask(v)],
    ["createTokenTypeIdsFromSequences", (t, v) => t.createTokenTypeIdsFromSequences(v)],
    ["prepareForModel", (t, v) => t.prepareForModel(v)],
    ["prepareForModel's options", (t, v) => t.prepareForModel([5], null, v)],
    ["truncateSequences", (t, v) => t.truncateSequences(v)],
    ["truncateSequences' options", (t, v) => t.truncateSequences([5], null, v)],
    ["truncateSequences' count", (t, v) => t.truncateSequences([5], null, { num_tokens_to_remove: v })],
    ["pad", (t, v) => t.pad(v)],
    ["pad's ids", (t, v) => t.pad({ input_ids: v })],
    ["pad's mask", (t, v) => t.pad({ input_ids: [5], attention_mask: v })],
    ["pad's options", (t, v) => t.pad({ input_ids: [5] }, v)],
    ["addTokens", (t, v) => t.addTokens(v)],
    ["addTokens' options", (t, v) => t.addTokens("a", v)],
    ["addSpecialTokens", (t, v) => t.addSpecialTokens(v)],
    ["additional special tokens", (t, v) => t.addSpecialTokens({ additional_special_tokens: v })],
    ["a special token", (t, v) => t.addSpecialTokens({ cls_token: v })],
    ["a flag of a token", (t, v) => t.addTokens({ content: "x", lstrip: v })],
    ["padToken", (t, v) => Object.assign(t, { padToken: v })],
    ["padTokenId", (t, v) => Object.assign(t, { padTokenId: v })],
    ["additionalSpecialTokens", (t, v) => Object.assign(t, { additionalSpecialTokens: v })],
    ["additionalSpecialTokensIds", (t, v) => Object.assign(t, { additionalSpecialTokensIds: v })],
    ...(["charToToken", "tokenToChars", "wordToTokens", "tokenToWord"] as const).map(
      (name) => [name, (_: Any, v: Any) => both[0]!("a film")[name](v)] as const,
    ),
    ["a row of a batch", (t, v) => t(["a"]).row(v)],
    ["options", (t, v) => new t.constructor(words, v)],
    ["a vocabulary", (t, v) => new t.constructor(v)],
    ...[
      "do_lower_case",
      "never_split",
      "strip_accents",
      "model_max_length",
      "padding_side",
      "truncation_side",
      "model_input_names",
      "additional_special_tokens",
      "added_tokens_decoder",
      "unk_token",
      "mask_token",
      "split_special_tokens",
      "clean_up_tokenization_spaces",
    ].map((name) => [`option ${name}`, (t: Any, v: Any) => new t.constructor(words, { [name]: v })] as const),
  ];
  test.each(methods)("%s", (_, call) => {
    for (const kind of [ConvBertTokenizerFast, ConvBertTokenizer]) {
      let refused = 0;
      for (const value of wrong) {
        try {
          call(new kind(words), value);
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(TokenizerError);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
    }
  });

  test.each<[string, (tokenizer: Any, value: Any) => Promise<unknown>]>([
    ["encodeBatch", (t, v) => t.encodeBatch(v)],
    ["encodeBatch's options", (t, v) => t.encodeBatch(["a"], v)],
    ["encodeBatch's workers", (t, v) => t.encodeBatch(["a"], {}, v)],
    ["stream", (t, v) => t.stream(v).next()],
    ["stream's batch size", (t, v) => t.stream(["a"], {}, { batchSize: v }).next()],
    [
      "savePretrained",
      (t, v) => (typeof v === "string" ? Promise.reject(new TokenizerError("invalid-input", "")) : t.savePretrained(v)),
    ],
    [
      "saveVocabulary",
      (t, v) => (typeof v === "string" ? Promise.reject(new TokenizerError("invalid-input", "")) : t.saveVocabulary(v)),
    ],
  ])("%s", async (_, call) => {
    for (const tokenizer of both) {
      let refused = 0;
      for (const value of wrong) {
        try {
          await call(tokenizer, value);
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(TokenizerError);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
    }
  });

  test("a list is no text to tokenize", () => {
    for (const tokenizer of both) expect(codeOf(() => tokenizer.tokenize(["a film"] as Any))).toBe("invalid-input");
    expect(both[0]!.tokenize(["a", "films"] as Any, { is_split_into_words: true })).toEqual(["a", "films"]);
  });

  test("what was refused has changed nothing", () => {
    for (const kind of [ConvBertTokenizerFast, ConvBertTokenizer]) {
      const tokenizer = new kind(vocabulary);
      const before = [tokenizer.length, tokenizer.specialTokensMap];
      expect(codeOf(() => tokenizer.addTokens(["<a>", 5] as Any))).toBe("invalid-input");
      expect(
        codeOf(() => tokenizer.addSpecialTokens({ cls_token: "<c>", additional_special_tokens: "<x>" } as Any)),
      ).toBe("invalid-input");
      expect([tokenizer.length, tokenizer.specialTokensMap]).toEqual(before);
    }
  });

  test("an id that no token has gives no role", () => {
    for (const kind of [ConvBertTokenizerFast, ConvBertTokenizer]) {
      const tokenizer = new kind(vocabulary);
      expect(codeOf(() => Object.assign(tokenizer, { padTokenId: 10 ** 6 }))).toBe("invalid-input");
      expect(tokenizer.padTokenId).toBe(0);
      tokenizer.additionalSpecialTokens = ["film"];
      tokenizer.additionalSpecialTokens = ["is"];
      expect(tokenizer.additionalSpecialTokensIds).toEqual([2003]);
    }
  });
});
