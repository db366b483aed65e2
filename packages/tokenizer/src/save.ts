import type { WriteDestination } from "@convbert/files";
import type { AddedToken } from "./added-token.js";
import { TokenizerError } from "./errors.js";
import { BertNormalizer, type Normalizer } from "./fast/bert-normalizer.js";
import type { FastPipeline } from "./fast/pipeline.js";
import { SPECIAL_TOKEN_NAMES } from "./special-tokens.js";
import type { TemplatePiece } from "./template.js";
import type { TokenizerIds } from "./tokenizer-ids.js";
import type { TokenizerOptions } from "./tokenizer-options.js";
import type { Vocabulary } from "./vocabulary.js";

/** What saving needs of a tokenizer beside its public face. */
export interface SaveState {
  readonly vocabulary: Vocabulary;
  /** The stages of a fast tokenizer, for its `tokenizer.json`. */
  readonly pipeline?: FastPipeline;
}

export interface SaveOptions {
  /** true: no `tokenizer.json`; false: nothing but it and the settings. Default: both, where the tokenizer has both. */
  readonly legacyFormat?: boolean;
  /** Put before each name, with "-" between. */
  readonly filenamePrefix?: string;
}

/** A tokenizer, as far as its files tell. */
type SavedTokenizer = TokenizerIds & { readonly options: TokenizerOptions };

type Json = Record<string, unknown>;

/** The files that `save_pretrained` of the reference writes, by name. */
export function tokenizerFiles(
  tokenizer: SavedTokenizer,
  state: SaveState,
  options: SaveOptions = {},
): Record<string, string> {
  const files: Record<string, string> = {
    "tokenizer_config.json": print(settingsOf(tokenizer, state.pipeline?.stages.normalizer)),
    "special_tokens_map.json": print(tokenizer.specialTokensMap),
  };
  if (options.legacyFormat !== false) {
    const added = Object.fromEntries(tokenizer.getAddedVocab());
    if (Object.keys(added).length > 0) files["added_tokens.json"] = print(added);
    files["vocab.txt"] = vocabularyText(state.vocabulary);
  }
  if (state.pipeline && options.legacyFormat !== true) files["tokenizer.json"] = printStages(tokenizer, state.pipeline);
  const prefix = options.filenamePrefix ? `${options.filenamePrefix}-` : "";
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [prefix + name, text]));
}

/**
 * Writes files so that a full disk or a kill leaves what was there before, whole.
 * @returns their paths; names, where the destination is no path.
 */
export async function saveFiles(
  destination: WriteDestination,
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { writeFiles } = await import("@convbert/files");
  await writeFiles(destination, files);
  const names = Object.keys(files);
  if (typeof destination !== "string" || destination.startsWith("file:")) return names;
  const { join } = await import("node:path");
  return names.map((name) => join(destination, name));
}

/**
 * The text of a `vocab.txt` in which every line's place is its id. Holes are filled with the last token again: readers
 * let the last line of a token count, so no id moves and no token is added.
 */
export function vocabularyText(vocabulary: Vocabulary): string {
  const filler = vocabulary.token(vocabulary.length - 1) ?? "";
  const lines = Array.from({ length: vocabulary.length }, (_, id) => vocabulary.token(id) ?? filler);
  const broken = lines.findIndex((line) => /[\r\n]/.test(line));
  if (broken >= 0) {
    throw new TokenizerError(
      "unsupported",
      `token ${broken} holds a line end, which no vocab.txt can; save with legacyFormat: false`,
      {
        token: lines[broken],
      },
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** As Python's `json.dumps` with `sort_keys` and `indent=2`. */
function print(value: unknown): string {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(sorted);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      Object.entries(part)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  // The reference's "no limit" is 10^30, written out.
  return `${JSON.stringify(sorted(value), null, 2).replace(/: 1e\+30(?=,?$)/gm, `: ${BigInt(1e30)}`)}\n`;
}

function settingsOf(tokenizer: SavedTokenizer, normalizer: Normalizer | undefined): Json {
  const { options } = tokenizer;
  const settings: Json = {
    do_lower_case: true,
    do_basic_tokenize: true,
    never_split: null,
    tokenize_chinese_chars: true,
    strip_accents: null,
    ...options,
  };
  // They overrule the tokenizer.json beside them.
  if (normalizer instanceof BertNormalizer) {
    settings["do_lower_case"] = normalizer.options.lowercase;
    settings["strip_accents"] = normalizer.options.strip_accents;
    settings["tokenize_chinese_chars"] = normalizer.options.handle_chinese_chars;
  }
  for (const name of [
    "max_len",
    "added_tokens_decoder",
    "name_or_path",
    "special_tokens_map_file",
    "fast_tokenizer_files",
  ])
    delete settings[name];
  const { named } = tokenizer["specials"];
  for (const name of SPECIAL_TOKEN_NAMES) if (named.has(name)) settings[name] = tokenSetting(named.get(name)!);
  if ("padding_side" in settings) settings["padding_side"] = tokenizer.paddingSide;
  if ("truncation_side" in settings) settings["truncation_side"] = tokenizer.truncationSide;
  return {
    ...settings,
    model_max_length: tokenizer.modelMaxLength,
    clean_up_tokenization_spaces: tokenizer.cleanUpTokenizationSpaces,
    additional_special_tokens: tokenizer.additionalSpecialTokens,
    added_tokens_decoder: Object.fromEntries(tokenizer.addedTokensDecoder),
    tokenizer_class: "ConvBertTokenizer",
  };
}

/** A special token as a setting: its text, or, where it has flags that the text alone would lose, the object of older files. */
function tokenSetting(token: AddedToken): unknown {
  const { content, single_word, lstrip, rstrip, normalized } = token;
  const isPlain = !(single_word || lstrip || rstrip || normalized);
  return isPlain ? content : { __type: "AddedToken", content, single_word, lstrip, rstrip, normalized };
}

function printStages(tokenizer: SavedTokenizer, pipeline: FastPipeline): string {
  const text = JSON.stringify(stagesOf(tokenizer, pipeline), null, 2);
  // An object would put tokens that are numbers first; the file is in the order of the ids.
  const lines = Array.from(
    pipeline.model.vocabulary.entries(),
    ([token, id]) => `      ${JSON.stringify(token)}: ${id}`,
  );
  const end = text.lastIndexOf("null");
  return `${text.slice(0, end)}{\n${lines.join(",\n")}\n    }${text.slice(end + 4)}`;
}

/** The `tokenizer.json` of a pipeline, its vocabulary left out: what it was read from, or the reference's stages, with the tokens of now. */
function stagesOf(tokenizer: SavedTokenizer, { stages, model, added }: FastPipeline): Json {
  // The flags of later are in tokenizer_config.json, which is read after this.
  const first = new Map(added.specialList.map((token) => [token.content, token]));
  const { json, normalizer, template } = stages;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...tokenizer.addedTokensDecoder].map(([id, token]) => ({
      id,
      ...ordered(first.get(token.content) ?? token),
    })),
    normalizer:
      normalizer instanceof BertNormalizer
        ? { type: "BertNormalizer", ...normalizer.options }
        : (json?.["normalizer"] ?? null),
    pre_tokenizer: json ? json["pre_tokenizer"] : { type: "BertPreTokenizer" },
    post_processor: json ? json["post_processor"] : templateOf(template.single, template.pair),
    decoder: json ? json["decoder"] : { type: "WordPiece", prefix: model.prefix, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: model.unkToken,
      continuing_subword_prefix: model.prefix,
      max_input_chars_per_word: model.maxCharacters,
      vocab: null,
    },
  };
}

const ordered = ({ content, single_word, lstrip, rstrip, normalized, special }: AddedToken): AddedToken => ({
  content,
  single_word,
  lstrip,
  rstrip,
  normalized,
  special,
});

function templateOf(single: readonly TemplatePiece[], pair: readonly TemplatePiece[]): Json {
  const special: Json = {};
  const write = (piece: TemplatePiece): Json => {
    if (!("ids" in piece)) return { Sequence: { id: piece.sequence ? "B" : "A", type_id: piece.typeId } };
    const id = piece.tokens.join(" ");
    special[id] = { id, ids: piece.ids, tokens: piece.tokens };
    return { SpecialToken: { id, type_id: piece.typeId } };
  };
  return { type: "TemplateProcessing", single: single.map(write), pair: pair.map(write), special_tokens: special };
}
