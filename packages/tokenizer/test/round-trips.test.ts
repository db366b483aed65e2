import { describe, expect, test } from "vitest";
import { random, seed, textKinds } from "../../../tooling/reference/random-texts.ts";
import { randomTokenizer } from "../../../tooling/reference/random-tokenizers.ts";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "../src/index.js";
import { vocabulary } from "./golden-data.js";

const workerUrl = new URL("./worker-bootstrap.mjs", import.meta.url);
const always = { threads: 2, minimumSize: 0, workerUrl };

const answers = (tokenizer: ConvBertTokenizerFast, texts: readonly string[]): unknown =>
  tokenizer([...texts], { return_offsets_mapping: true, verbose: false }).encodings.map((encoding) => ({
    ...encoding,
    decoded: tokenizer.decode(encoding.ids),
  }));

// The same files that tooling/reference/tokenizer-json-fuzz.ts compares with the reference.
describe("whatever a tokenizer.json says survives", () => {
  seed(7);
  for (let i = 0; i < 80; i++) {
    const { json, config, words } = randomTokenizer();
    const kinds = textKinds(words);
    const texts = kinds.map((kind) => kind().slice(0, 150)).filter((text) => !/\p{Cs}/u.test(text));
    const isParallel = random() < 0.05;
    test(`a save${isParallel ? " and workers" : ""}: file ${i}`, async () => {
      const tokenizer = await ConvBertTokenizerFast.fromPretrained({
        "tokenizer.json": JSON.stringify(json),
        ...(config && { "tokenizer_config.json": JSON.stringify(config) }),
      });
      const expected = answers(tokenizer, texts);
      const files = await tokenizer.toFiles();
      const again = await ConvBertTokenizerFast.fromPretrained(files);
      expect(answers(again, texts)).toEqual(expected);
      // Special tokens without a role become additional ones by the first save; the second changes nothing.
      const settled = await again.toFiles();
      expect(await (await ConvBertTokenizerFast.fromPretrained(settled)).toFiles()).toEqual(settled);
      const alone = await ConvBertTokenizerFast.fromPretrained(await tokenizer.toFiles({ legacyFormat: false }));
      expect(answers(alone, texts)).toEqual(expected);
      if (!isParallel) return;
      const { input_ids } = await tokenizer.encodeBatch(texts, {}, always);
      expect(input_ids).toEqual(tokenizer(texts).input_ids);
    });
  }
});

describe("a cased tokenizer.json without a tokenizer_config.json", () => {
  const text = "Hello CAF\u00c9 \u6771\u4eac";
  const load = async (options: Record<string, boolean> = {}) => {
    const { "tokenizer.json": json } = await new ConvBertTokenizerFast(vocabulary, {
      do_lower_case: false,
      strip_accents: false,
      tokenize_chinese_chars: false,
    }).toFiles();
    return ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": json! }, options);
  };
  const cased = new ConvBertTokenizerFast(vocabulary, {
    do_lower_case: false,
    strip_accents: false,
    tokenize_chinese_chars: false,
  }).encode(text);

  test("stays cased in a call, in workers, saved, and for the slow tokenizer", async () => {
    const tokenizer = await load();
    expect(tokenizer.encode(text)).toEqual(cased);
    expect((await tokenizer.encodeBatch([text, text], {}, always)).input_ids).toEqual([cased, cased]);
    for (const legacyFormat of [undefined, true, false]) {
      const files = await tokenizer.toFiles({ ...(legacyFormat !== undefined && { legacyFormat }) });
      expect((await ConvBertTokenizerFast.fromPretrained(files)).encode(text), String(legacyFormat)).toEqual(cased);
    }
    const { "tokenizer.json": json } = await tokenizer.toFiles();
    expect((await ConvBertTokenizer.fromPretrained({ "tokenizer.json": json! })).encode(text)).toEqual(cased);
  });

  test("what the caller says wins, also once it is saved", async () => {
    const tokenizer = await load({ do_lower_case: true });
    const lower = new ConvBertTokenizerFast(vocabulary, { strip_accents: false, tokenize_chinese_chars: false });
    expect(tokenizer.encode(text)).toEqual(lower.encode(text));
    expect((await ConvBertTokenizerFast.fromPretrained(await tokenizer.toFiles())).encode(text)).toEqual(
      lower.encode(text),
    );
  });
});

describe("which file counts", () => {
  const tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const json = async (word: string): Promise<string> =>
    (await new ConvBertTokenizerFast([...tokens, word]).toFiles())["tokenizer.json"]!;
  const knows = async (files: Record<string, string>, word: string): Promise<boolean> =>
    (await ConvBertTokenizerFast.fromPretrained(files)).encode(word)[1] === 5;

  test("a tokenizer_file of null means vocab.txt, and its ids stay where lines are doubled", async () => {
    const files = { "tokenizer.json": await json("json"), "vocab.txt": [...tokens, "text"].join("\n") };
    expect(await knows(files, "json")).toBe(true);
    expect(await knows({ ...files, "tokenizer_config.json": '{"tokenizer_file": null}' }, "text")).toBe(true);
    expect(await knows({ ...files, "tokenizer_config.json": '{"tokenizer_file": "/somewhere/else"}' }, "json")).toBe(
      true,
    );
    const damaged = { "vocab.txt": [...tokens, "\ufffd", "\ufffd", "a"].join("\n") };
    const tokenizer = await ConvBertTokenizerFast.fromPretrained({
      ...damaged,
      "tokenizer.json": await json("json"),
      "tokenizer_config.json": '{"tokenizer_file": null}',
    });
    expect(tokenizer.encode("a")).toEqual([2, 7, 3]);
    expect(
      await knows(
        { "tokenizer.json": files["tokenizer.json"], "tokenizer_config.json": '{"tokenizer_file": null}' },
        "json",
      ),
    ).toBe(true);
  });

  test("fast_tokenizer_files are chosen by the reference's version", async () => {
    const listed = [
      "tokenizer.json",
      "tokenizer.4.0.0.json",
      "tokenizer.4.9.0.json",
      "tokenizer.4.40.0.json",
      "other.json",
    ];
    const files: Record<string, string> = {
      "tokenizer.json": await json("plain"),
      "tokenizer.4.0.0.json": await json("four"),
      "tokenizer.4.9.0.json": await json("nine"),
      "tokenizer.4.40.0.json": await json("forty"),
      "tokenizer_config.json": JSON.stringify({ fast_tokenizer_files: listed }),
    };
    expect(await knows(files, "nine")).toBe(true);
    expect(await knows({ ...files, "tokenizer_config.json": "{}" }, "plain")).toBe(true);
    const { "tokenizer.4.9.0.json": _, ...without } = files;
    expect(await knows(without, "plain")).toBe(true);
    const saved = await (await ConvBertTokenizerFast.fromPretrained(files)).toFiles();
    expect(await knows(saved, "nine")).toBe(true);
  });
});

describe("additional special tokens given to fromPretrained", () => {
  const given = { content: "<x>", single_word: true, lstrip: false, rstrip: true, normalized: true };
  const decoder = {
    5: { content: "<x>", special: true, lstrip: true },
    6: { content: "<y>", special: true, lstrip: true },
  };
  const folder = { "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]" };

  for (const config of [undefined, {}, { added_tokens_decoder: decoder }]) {
    test(`keep every flag beside ${JSON.stringify(config)}`, async () => {
      const files = { ...folder, ...(config && { "tokenizer_config.json": JSON.stringify(config) }) };
      for (const kind of [ConvBertTokenizer, ConvBertTokenizerFast]) {
        const tokenizer = await kind.fromPretrained(files, { additional_special_tokens: [given, "<z>"] });
        const [token] = [...tokenizer.addedTokensDecoder.values()].filter(({ content }) => content === "<x>");
        expect(token).toEqual({ ...given, special: true });
        expect(tokenizer.additionalSpecialTokens).toEqual(expect.arrayContaining(["<x>", "<z>"]));
        if (!config?.added_tokens_decoder) continue;
        expect(tokenizer.convertTokensToIds(["<x>", "<y>"])).toEqual([5, 6]);
        expect(tokenizer.addedTokensDecoder.get(6)).toMatchObject({ lstrip: true, rstrip: false });
      }
    });
  }
});

test("a pair whose second sequence comes first has its windows in the reference's order", async () => {
  const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ..."abcdefg"];
  const part = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const json = {
    model: { type: "WordPiece", vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: {
      type: "TemplateProcessing",
      single: [part("A")],
      pair: [part("B"), part("A")],
      special_tokens: {},
    },
  };
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
  const { input_ids } = tokenizer("a b c d", {
    text_pair: "e f g",
    max_length: 4,
    truncation: true,
    return_overflowing_tokens: true,
  });
  // As transformers 4.34.0 answers.
  expect(input_ids.map((row) => tokenizer.convertIdsToTokens(row).join(""))).toEqual(["efab", "gab", "gcd", "efcd"]);
});

const small = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ..."abcdefg"];

test("known divergence: sequences without a post-processor", async () => {
  const model = { type: "WordPiece", vocab: Object.fromEntries(small.map((word, id) => [word, id])) };
  const json = { model, pre_tokenizer: { type: "WhitespaceSplit" } };
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
  // The reference: [0, 0, 0, 0].
  expect(tokenizer("a b", { padding: "max_length", max_length: 4 }).sequenceIds()).toEqual([0, 0, null, null]);
});

test("known divergence: overflowing windows are kept once, where they are asked for", () => {
  const tokenizer = new ConvBertTokenizerFast(small);
  const call = { text_pair: "d e f", truncation: true, max_length: 5 } as const;
  expect(tokenizer("a b c", call).encodings[0]!.overflowing).toEqual([]);
  const { encodings } = tokenizer("a b c", { ...call, return_overflowing_tokens: true });
  expect(encodings[0]!.overflowing).toEqual(encodings.slice(1));
  expect(encodings.slice(1).every((encoding) => encoding.overflowing.length === 0)).toBe(true);
});

test("known divergence: a token that is normalized away is never found", async () => {
  const json = {
    added_tokens: [{ id: 12, content: "xx", normalized: true }],
    model: { type: "WordPiece", vocab: Object.fromEntries(small.map((word, id) => [word, id])) },
    normalizer: { type: "Replace", pattern: { String: "x" }, content: "" },
    pre_tokenizer: { type: "WhitespaceSplit" },
  };
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
  expect(tokenizer.encode("a xx b")).toEqual([5, 6]);
});

test("what a normalizer puts before everything has no offsets of its own", async () => {
  const json = {
    model: { type: "WordPiece", vocab: Object.fromEntries(small.map((word, id) => [word, id])) },
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Strip", strip_left: true, strip_right: true },
        { type: "Replace", pattern: { Regex: "d*" }, content: " a " },
      ],
    },
    pre_tokenizer: { type: "WhitespaceSplit" },
  };
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
  // As tokenizers 0.14.1 answers.
  tokenizer.addTokens([{ content: "<x>", normalized: false }]);
  expect(tokenizer(" bc ", { return_offsets_mapping: true }).offset_mapping).toEqual([
    [0, 0],
    [1, 2],
    [1, 2],
    [2, 3],
    [2, 3],
  ]);
  expect(tokenizer("c<x>  b", { return_offsets_mapping: true }).offset_mapping).toEqual([
    [0, 0],
    [0, 1],
    [0, 1],
    [1, 4],
    [4, 4],
    [6, 7],
    [6, 7],
  ]);
  // Nothing is put into a text of which nothing is left.
  expect(tokenizer("  ").input_ids).toEqual([]);
  expect(tokenizer("b<x>  <x>b", { return_offsets_mapping: true }).offset_mapping).toEqual([
    [0, 0],
    [0, 1],
    [0, 1],
    [1, 4],
    [6, 9],
    [9, 9],
    [9, 10],
    [9, 10],
  ]);
  expect(tokenizer("bc", { return_offsets_mapping: true }).offset_mapping).toEqual([
    [0, 0],
    [0, 1],
    [0, 1],
    [1, 2],
    [1, 2],
  ]);
});

// As tokenizers 0.14.1 answers: a character that others join counts off as many of the text as it is made of, wherever they stood.
test.each([
  [
    "NFC",
    "\u00c9\u302a\u1dcax",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ],
  ],
  [
    "NFC",
    "E\u302a\u0301\u1dcax",
    [
      [0, 1],
      [2, 3],
      [3, 4],
      [4, 5],
    ],
  ],
  [
    "NFC",
    "a\u0323\u0302\u0327x",
    [
      [0, 1],
      [3, 4],
      [4, 5],
    ],
  ],
  [
    "NFC",
    "\u1100\u1161\u11a8x",
    [
      [0, 1],
      [3, 4],
    ],
  ],
  [
    "NFC",
    "o\u0301\u0308x",
    [
      [0, 1],
      [2, 3],
      [3, 4],
    ],
  ],
  [
    "NFC",
    "\u0344\u0327x",
    [
      [0, 1],
      [1, 2],
      [1, 2],
      [2, 3],
    ],
  ],
  // Of Unicode 13: the reference's crate, of an older version, does not take it apart.
  [
    "NFC",
    "\u{11938}x",
    [
      [0, 1],
      [1, 2],
    ],
  ],
  [
    "NFC",
    "\ufb01\u0301\u0323x",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ],
  ],
  [
    "NFKC",
    "\ufb01\u0301\u0323x",
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ],
  ],
])("%s of %j keeps the reference's offsets", async (type, text, offsets) => {
  const json = {
    model: { type: "WordPiece", vocab: { "[UNK]": 0 } },
    normalizer: { type },
    pre_tokenizer: { type: "Split", pattern: { Regex: "(?m)." }, behavior: "Isolated", invert: false },
  };
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
  expect(tokenizer(text, { return_offsets_mapping: true, add_special_tokens: false }).offset_mapping).toEqual(offsets);
});
