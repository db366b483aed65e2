import { SPECIAL_TOKEN_NAMES } from "../special-tokens.js";
import {
  anything,
  either,
  fields,
  flag,
  kinds,
  list,
  oneOf,
  optional,
  record,
  type Shape,
  text,
  tuple,
  whole,
} from "./schema.js";

/** Ids end here: 16 million tokens. */
const MOST_IDS = (1 << 24) - 1;
const id = whole(0, MOST_IDS);
const flags = { single_word: flag, lstrip: flag, rstrip: flag, normalized: flag, special: flag };
const token = fields({ content: text }, flags);
const tokenOrText = either(text, token);

const pattern: Shape = either(fields({ String: text }), fields({ Regex: text }));
const behavior = oneOf("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");

const normalizer: Shape = kinds("a normalizer", () => ({
  BertNormalizer: fields(
    {},
    { clean_text: flag, handle_chinese_chars: flag, strip_accents: optional(flag), lowercase: flag },
  ),
  Sequence: fields({ normalizers: list(normalizer) }),
  Lowercase: anything,
  NFC: anything,
  NFD: anything,
  NFKC: anything,
  NFKD: anything,
  StripAccents: anything,
  Strip: fields({}, { strip_left: flag, strip_right: flag }),
  Replace: fields({ pattern, content: text }),
}));

const preTokenizer: Shape = kinds("a pre-tokenizer", () => ({
  BertPreTokenizer: anything,
  Sequence: fields({ pretokenizers: list(preTokenizer) }),
  Whitespace: anything,
  WhitespaceSplit: anything,
  Punctuation: fields({}, { behavior }),
  Digits: fields({}, { individual_digits: flag }),
  Split: fields({ pattern, behavior }, { invert: flag }),
}));

const typeId = whole(0, 2 ** 31 - 1);
const piece: Shape = either(
  fields({ Sequence: fields({ id: oneOf("A", "B"), type_id: typeId }) }),
  fields({ SpecialToken: fields({ id: text, type_id: typeId }) }),
);
const postProcessor: Shape = kinds("a post-processor", () => ({
  TemplateProcessing: fields({
    single: list(piece),
    pair: list(piece),
    special_tokens: record(fields({ ids: list(id), tokens: list(text) })),
  }),
  BertProcessing: fields({ sep: tuple(text, id), cls: tuple(text, id) }),
  Sequence: fields({ processors: list(postProcessor) }),
}));

const decoder: Shape = kinds("a decoder", () => ({
  WordPiece: fields({}, { prefix: text, cleanup: flag }),
  Fuse: anything,
  Replace: fields({ pattern, content: text }),
  Sequence: fields({ decoders: list(decoder) }),
}));

const model: Shape = (value, depth) => {
  const type = (value as { readonly type?: unknown } | null)?.type ?? "WordPiece";
  if (type !== "WordPiece")
    return { path: ".type", expected: "WordPiece, which ConvBERT's tokenizer needs", value: type, isUnknown: true };
  return fields(
    { vocab: record(id) },
    { unk_token: text, continuing_subword_prefix: text, max_input_chars_per_word: whole(0, 2 ** 31 - 1) },
  )(value, depth);
};

const direction = fields({}, { direction: oneOf("Left", "Right", "left", "right") });

/** `tokenizer.json`, as tokenizers 0.14.1 writes it for BERT and its relatives. */
export const tokenizerShape: Shape = fields(
  { model },
  {
    truncation: optional(direction),
    padding: optional(direction),
    added_tokens: optional(list(fields({ content: text }, { ...flags, id }))),
    normalizer: optional(normalizer),
    pre_tokenizer: optional(preTokenizer),
    post_processor: optional(postProcessor),
    decoder: optional(decoder),
  },
);

const length: Shape = (value) =>
  typeof value === "number" && value >= 1 && Math.floor(value) === value
    ? undefined
    : { path: "", expected: "a whole number from 1 on", value };
const side = oneOf("left", "right");
const tokenSettings: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(SPECIAL_TOKEN_NAMES.map((name) => [name, optional(tokenOrText)])),
  additional_special_tokens: optional(list(tokenOrText)),
};

/** `tokenizer_config.json`; what it has beyond these is kept. */
export const configShape: Shape = fields(
  {},
  {
    ...tokenSettings,
    do_lower_case: optional(flag),
    do_basic_tokenize: optional(flag),
    tokenize_chinese_chars: optional(flag),
    strip_accents: optional(flag),
    clean_up_tokenization_spaces: optional(flag),
    split_special_tokens: optional(flag),
    never_split: optional(list(text)),
    model_input_names: optional(list(text)),
    model_max_length: optional(length),
    max_len: optional(length),
    padding_side: optional(side),
    truncation_side: optional(side),
    added_tokens_decoder: optional(record(either(text, token), /^\d{1,8}$/)),
    fast_tokenizer_files: optional(list(text)),
  },
);

/** `special_tokens_map.json`. */
export const specialTokensShape: Shape = fields({}, tokenSettings);

/** `added_tokens.json`: ids by token. */
export const addedTokensShape: Shape = record(id);
