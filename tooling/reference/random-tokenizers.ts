/** Random tokenizer.json files, of the parts that tokenizers with WordPiece are made of. */
import { below, pick, random, times } from "./random-texts.ts";

type Json = Record<string, unknown>;

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const WORDS = [
  ..."abcdefghijklmnopqrstuvwxyz0123456789.,!?'-#$ABCDEZ\u00e9\u00df\u03c3\u6771\u4eac\uac00",
  ..."the of and to in is was hello world un able ing ed er est film fine new token caf\u00e9 cafe".split(" "),
  ..."Hello The 12 2023 ... 's don't ab bc cd \u00e9t\u00e9 i\u0307 \u1100\u1161".split(" "),
];

const PATTERNS: readonly Json[] = [
  ...[
    "\\s+",
    "\\w+|[^\\w\\s]+",
    "\\d",
    "\\d{1,3}",
    "[^\\w\\s]",
    "[a-c]+",
    "(?i)[aeiou]",
    "^\\s+|\\s+$",
    "e|the",
    "a*",
    "\\b",
    "$",
  ],
  ...[
    "'s|'t|'re| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?<=\\d)(?=(?:\\d{3})+\\b)",
    "\\p{Lu}",
    ".",
    "(?:ab|a)(?:c|bcd)",
  ],
  ...["\\p{M}", "[\\u4e00-\\u9fff]", "(?<!\\w)#", "\\W", "\\S+?", "[[:punct:]]", "\\n", "x{2,}|y"],
].map((source) => ({ Regex: source }));
const STRINGS: readonly Json[] = ["a", "-", " ", "the", "''", ".", "\u00e9", "ing", "  "].map((text) => ({
  String: text,
}));
const BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

const chance = (share: number): boolean => random() < share;
const pattern = (): Json => (chance(0.7) ? pick(PATTERNS) : pick(STRINGS));

function normalizer(depth: number): Json | null {
  switch (below(depth > 0 ? 10 : 9)) {
    case 0:
    case 1:
      return {
        type: "BertNormalizer",
        clean_text: chance(0.6),
        handle_chinese_chars: chance(0.6),
        strip_accents: pick([null, true, false]),
        lowercase: chance(0.6),
      };
    case 2:
      return { type: pick(["NFC", "NFD", "NFKC", "NFKD"]) };
    case 3:
      return { type: "Lowercase" };
    case 4:
      return { type: "StripAccents" };
    case 5:
      return { type: "Strip", strip_left: chance(0.5), strip_right: chance(0.5) };
    case 6:
      // Added tokens of which a normalizer leaves nothing are in DIVERGENCES.md of the package.
      return chance(0.2)
        ? { type: "Replace", pattern: pick(STRINGS), content: "" }
        : { type: "Replace", pattern: pattern(), content: pick([" ", "x", "the", "\u00e9e"]) };
    case 7:
    case 8:
      return depth > 1 ? null : { type: "Lowercase" };
    default:
      return { type: "Sequence", normalizers: times(below(4), () => normalizer(0)) };
  }
}

function preTokenizer(depth: number): Json | null {
  switch (below(depth > 0 ? 10 : 7)) {
    case 0:
      return { type: "BertPreTokenizer" };
    case 1:
      return { type: "Whitespace" };
    case 2:
      return { type: "WhitespaceSplit" };
    case 3:
      return { type: "Punctuation", behavior: pick(BEHAVIORS) };
    case 4:
      return { type: "Digits", individual_digits: chance(0.5) };
    case 5:
    case 6:
      return { type: "Split", pattern: pattern(), behavior: pick(BEHAVIORS), invert: chance(0.4) };
    case 7:
      return depth > 1 ? null : { type: "WhitespaceSplit" };
    default:
      return { type: "Sequence", pretokenizers: times(below(4), () => preTokenizer(0)) };
  }
}

function postProcessor(idOf: (token: string) => number): Json | null {
  const choice = below(6);
  if (choice === 0) return null;
  const bert = { type: "BertProcessing", sep: ["[SEP]", idOf("[SEP]")], cls: ["[CLS]", idOf("[CLS]")] };
  if (choice === 1) return bert;
  const used = new Set<string>();
  const special = (): Json => {
    const id = pick(["[CLS]", "[SEP]", "[MASK]", "[PAD]"]);
    used.add(id);
    return { SpecialToken: { id, type_id: below(3) } };
  };
  const sequence = (id: string): Json => ({ Sequence: { id, type_id: below(3) } });
  const some = (): Json[] => times(below(3), special);
  const [first, second] = chance(0.3) ? ["B", "A"] : ["A", "B"];
  const single = [...some(), sequence("A"), ...some()];
  const pair = [...some(), sequence(first!), ...some(), sequence(second!), ...some()];
  return {
    type: "TemplateProcessing",
    single,
    pair,
    special_tokens: Object.fromEntries([...used].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }])),
  };
}

function decoder(): Json | null {
  switch (below(5)) {
    case 0:
      return null;
    case 1:
      return { type: "Sequence", decoders: [{ type: "Replace", pattern: pattern(), content: "_" }, { type: "Fuse" }] };
    case 2:
      return { type: "Fuse" };
    default:
      return { type: "WordPiece", prefix: "##", cleanup: chance(0.5) };
  }
}

const CONTENTS = [
  "<x>",
  " <y>",
  "Caf\u00e9",
  "ABcd",
  "bcD",
  "new token",
  "\u6771\u4eac",
  "the",
  "##ing",
  "E",
  "[mask]",
  "a b",
  "1",
  "\u00c9",
];

/** A file, and the words that texts for it may be made of. */
export function randomTokenizer(): { json: Json; config: Json | null; words: string[] } {
  const prefix = chance(0.9) ? "##" : pick(["", "@@", "#"]);
  const pieces = [
    ...new Set(WORDS.filter(() => chance(0.9)).flatMap((word) => (chance(0.7) ? [word, prefix + word] : [word]))),
  ];
  const at = below(pieces.length);
  const tokens = [...new Set([...pieces.slice(0, at), ...SPECIAL, ...pieces.slice(at)])];
  const idOf = (token: string): number => tokens.indexOf(token);
  const flags = (content: string, special: boolean): Json => ({
    content,
    single_word: chance(0.2),
    lstrip: chance(0.25),
    rstrip: chance(0.25),
    normalized: chance(special ? 0.1 : 0.6),
    special,
  });
  let next = tokens.length;
  const others = CONTENTS.filter(() => chance(0.25)).map((content) => {
    const known = idOf(content);
    return { id: known < 0 ? next++ : known, ...flags(content, chance(0.2)) };
  });
  const specials = SPECIAL.filter(() => chance(0.85)).map((content) => ({
    id: idOf(content),
    ...flags(content, true),
  }));
  const json: Json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...specials, ...others].sort((a, b) => a.id - b.id),
    normalizer: normalizer(2),
    pre_tokenizer: preTokenizer(2),
    post_processor: postProcessor(idOf),
    decoder: decoder(),
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: chance(0.8) ? 100 : 4,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
  return {
    json,
    config: chance(0.3) && json["normalizer"] ? randomConfig() : null,
    words: [...WORDS, ...CONTENTS, ...SPECIAL],
  };
}

function randomConfig(): Json {
  const config: Json = {};
  if (chance(0.5)) config["do_lower_case"] = chance(0.5);
  if (chance(0.3)) config["strip_accents"] = pick([null, true, false]);
  if (chance(0.3)) config["tokenize_chinese_chars"] = chance(0.5);
  if (chance(0.3)) config["clean_up_tokenization_spaces"] = chance(0.5);
  if (chance(0.3)) config["padding_side"] = pick(["left", "right"]);
  if (chance(0.3)) config["truncation_side"] = pick(["left", "right"]);
  if (chance(0.3)) config["model_max_length"] = 10 + below(30);
  if (chance(0.3))
    config["mask_token"] = {
      __type: "AddedToken",
      content: "[MASK]",
      lstrip: chance(0.5),
      rstrip: false,
      single_word: false,
      normalized: chance(0.5),
    };
  if (chance(0.3)) config["additional_special_tokens"] = ["<x>", "<s1>"];
  return config;
}
