import { describe, expect, test } from "vitest";
import { seeded } from "../../../tooling/config/seeded.ts";
import { ConvBertTokenizer, ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { mutate } from "./mutate.js";

/*
 * Damaged and hostile files, the same ones in every run. Whatever happens to a file, a tokenizer comes of it that can
 * encode, decode and be saved, or one TokenizerError that names the file; never another error.
 * MUTATIONS=10000 tries as many of each kind.
 */
const CASES = Number(process.env["MUTATIONS"] ?? 400);

const words = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  ..."abcdefghij",
  "##a",
  "##b",
  "the",
  "caf\u00e9",
  "1",
  ".",
  "-",
];
const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
const token = (id: number, content: string, special: boolean): object => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: !special,
  special,
});
const special = (name: string): object => ({ SpecialToken: { id: name, type_id: 0 } });
const sequence = (id: string, typeId: number): object => ({ Sequence: { id, type_id: typeId } });

const tokenizerJson = JSON.stringify({
  version: "1.0",
  truncation: { direction: "Right", max_length: 20, strategy: "LongestFirst", stride: 0 },
  padding: {
    strategy: "BatchLongest",
    direction: "Right",
    pad_to_multiple_of: null,
    pad_id: 0,
    pad_type_id: 0,
    pad_token: "[PAD]",
  },
  added_tokens: [...words.slice(0, 5).map((word, id) => token(id, word, true)), token(words.length, "<new>", false)],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: false },
      { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
      { type: "Replace", pattern: { String: "x" }, content: "y" },
      { type: "Strip", strip_left: true, strip_right: true },
      { type: "NFC" },
    ],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "WhitespaceSplit" },
      { type: "Split", pattern: { Regex: "\\d+|[^\\w\\s]" }, behavior: "Isolated", invert: false },
      { type: "Punctuation", behavior: "Contiguous" },
      { type: "Digits", individual_digits: true },
    ],
  },
  post_processor: {
    type: "TemplateProcessing",
    single: [special("[CLS]"), sequence("A", 0), special("[SEP]")],
    pair: [special("[CLS]"), sequence("A", 0), special("[SEP]"), sequence("B", 1), special("[SEP]")],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  decoder: { type: "Sequence", decoders: [{ type: "WordPiece", prefix: "##", cleanup: true }, { type: "Fuse" }] },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab,
  },
});
const bertJson = JSON.stringify({
  ...JSON.parse(tokenizerJson),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
});
const config = JSON.stringify({
  do_lower_case: true,
  do_basic_tokenize: true,
  never_split: ["a"],
  tokenize_chinese_chars: true,
  strip_accents: null,
  model_max_length: 512,
  padding_side: "right",
  truncation_side: "left",
  model_input_names: ["input_ids", "attention_mask"],
  clean_up_tokenization_spaces: true,
  mask_token: {
    __type: "AddedToken",
    content: "[MASK]",
    lstrip: true,
    rstrip: false,
    single_word: false,
    normalized: false,
  },
  unk_token: "[UNK]",
  additional_special_tokens: ["<s1>", { content: "<s2>", lstrip: true }],
  tokenizer_class: "ConvBertTokenizer",
  tokenizer_file: null,
  fast_tokenizer_files: ["tokenizer.json", "tokenizer.4.0.0.json"],
  name_or_path: "x",
});
const configWithTokens = JSON.stringify({
  ...JSON.parse(config),
  added_tokens_decoder: { 1: token(1, "[UNK]", true), 30: token(30, "<new>", false), 31: token(31, "<s1>", true) },
});
const specialMap = JSON.stringify({
  unk_token: "[UNK]",
  mask_token: { content: "[MASK]", lstrip: true, rstrip: false, single_word: false, normalized: false },
  additional_special_tokens: ["<s1>", { content: "<s3>" }],
});
const addedTokens = JSON.stringify({ "<new>": 30, "<s1>": 31 });
const vocabulary = words.join("\n");

const sets: readonly (readonly [name: string, changed: string, files: Readonly<Record<string, string>>])[] = [
  ["stages of tokenizer.json", "tokenizer.json", { "tokenizer.json": tokenizerJson }],
  ["Bert's tokenizer.json", "tokenizer.json", { "tokenizer.json": bertJson }],
  ["tokenizer_config.json", "tokenizer_config.json", { "vocab.txt": vocabulary, "tokenizer_config.json": config }],
  [
    "tokenizer_config.json with added tokens",
    "tokenizer_config.json",
    { "tokenizer.json": bertJson, "tokenizer_config.json": configWithTokens },
  ],
  [
    "special_tokens_map.json",
    "special_tokens_map.json",
    { "vocab.txt": vocabulary, "special_tokens_map.json": specialMap, "added_tokens.json": addedTokens },
  ],
  [
    "added_tokens.json",
    "added_tokens.json",
    { "tokenizer.json": bertJson, "special_tokens_map.json": specialMap, "added_tokens.json": addedTokens },
  ],
];
const kinds = [ConvBertTokenizerFast, ConvBertTokenizer];

/** @returns whether a tokenizer came of the files. */
async function attempt(files: Readonly<Record<string, string>>, kind: (typeof kinds)[number]): Promise<boolean> {
  const tokenizer = await kind.fromPretrained(files).catch((error: unknown) => {
    expect(error).toBeInstanceOf(TokenizerError);
    expect((error as Error).message.length).toBeLessThan(700);
    expect((error as Error).message).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    return undefined;
  });
  if (!tokenizer) return false;
  const steps: readonly (() => unknown)[] = [
    () => tokenizer.encode("The caf\u00e9 [MASK] <new> a1 2-b. <s1>"),
    () => tokenizer(["a b", "the x"], { text_pair: ["c", "d"], padding: true, truncation: true, max_length: 12 }),
    () => tokenizer.decode([2, 5, 20, 3, 30], { skip_special_tokens: true }),
    () => tokenizer.toFiles(),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      expect(error).toBeInstanceOf(TokenizerError);
    }
  }
  return true;
}

describe("changed files", () => {
  for (const [name, changed, files] of sets) {
    test(name, { timeout: 3_600_000 }, async () => {
      const random = seeded(name.length);
      let made = 0;
      for (let i = 0; i < CASES; i++) {
        const text = mutate(files[changed]!, random);
        try {
          if (await attempt({ ...files, [changed]: text }, kinds[i % 2]!)) made++;
        } catch (error) {
          throw new Error(`change ${i}: ${text.slice(0, 3000)}`, { cause: error });
        }
      }
      // Neither is everything refused, nor is everything taken.
      expect(made).toBeGreaterThan(CASES / 50);
      expect(made).toBeLessThan(CASES);
    });
  }
});

describe("one clear error", () => {
  const load = (files: Record<string, string>): Promise<unknown> => ConvBertTokenizerFast.fromPretrained(files);
  /** The file with one value changed. */
  const changed = (path: string, value: unknown): string => {
    const json = JSON.parse(tokenizerJson);
    const keys = path.split(".");
    const last = keys.pop()!;
    const holder = keys.reduce((part, key) => part[key], json);
    holder[last] = value;
    return JSON.stringify(json);
  };
  const cases: readonly (readonly [file: string, text: string, message: RegExp])[] = [
    ["tokenizer_config.json", '{"model_max_length": "x"}', /json: model_max_length is "x"; expected a whole number/],
    ["tokenizer_config.json", '{"model_max_length": -5}', /model_max_length is -5/],
    ["tokenizer_config.json", '{"do_lower_case": "no"}', /do_lower_case is "no"; expected true or false/],
    ["tokenizer_config.json", '{"mask_token": {"toString": null}}', /mask_token\.content is missing/],
    ["tokenizer_config.json", '{"added_tokens_decoder": {"x": {"content": "a"}}}', /added_tokens_decoder\.x is "x"/],
    ["tokenizer_config.json", `{"x": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`, /cannot read .*deep/],
    ["tokenizer_config.json", "[".repeat(200_000), /cannot read tokenizer_config\.json/],
    ["tokenizer.json", '{"toString": null}', /tokenizer\.json: model is missing/],
    [
      "tokenizer.json",
      changed("normalizer.type", { toString: null }),
      /normalizer\.type is an object; expected a string/,
    ],
    ["tokenizer.json", changed("model.vocab.the", -1), /model\.vocab\.the is -1; expected a whole number/],
    ["tokenizer.json", changed("model.vocab.the", 9_000_000), /the id 9000000, which is far beyond its 22 tokens/],
    [
      "tokenizer.json",
      changed("pre_tokenizer.pretokenizers.1.pattern", 5),
      /pre_tokenizer\.pretokenizers\[1\]\.pattern/,
    ],
    ["tokenizer.json", changed("post_processor.special_tokens", {}), /post_processor\.single uses "\[CLS\]"/],
  ];
  for (const [file, text, message] of cases) {
    test(String(message), async () => {
      const beside: Record<string, string> = file === "tokenizer.json" ? {} : { "vocab.txt": vocabulary };
      const error = await load({ ...beside, [file]: text }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TokenizerError);
      expect(error).toMatchObject({ code: "invalid-file", details: { file } });
      expect((error as Error).message).toMatch(message);
    });
  }
});
