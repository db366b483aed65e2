import { type AddedTokenInput, makeAddedToken } from "../added-token.js";
import { type Decoder, wordPieceDecoder } from "../decoder.js";
import { TokenizerError } from "../errors.js";
import { AddedVocabulary } from "../fast/added-vocabulary.js";
import { BertNormalizer, type BertNormalizerOptions } from "../fast/bert-normalizer.js";
import { FastPipeline } from "../fast/pipeline.js";
import { bertTemplate, plainTemplate, type Template, type TemplatePiece } from "../template.js";
import { Vocabulary } from "../vocabulary.js";
import { WordPieceModel } from "../wordpiece.js";
import { readNormalizer } from "./normalizers.js";
import { type Json, object, readPattern } from "./parts.js";
import type { FindAll } from "./pattern/matcher.js";
import { readPreTokenizer } from "./pre-tokenizers.js";

/**
 * Makes the stages that a `tokenizer.json` describes.
 * @param settings of tokenizer_config.json and the caller. The reference's class sets the normalizer anew from them, and
 * from its own defaults where there is a tokenizer_config.json that leaves them out (`hasConfig`).
 */
export function readTokenizerJson(json: Json, settings: Record<string, unknown>, hasConfig: boolean): FastPipeline {
  const preTokenizer = json["pre_tokenizer"]
    ? readPreTokenizer(object(json["pre_tokenizer"], "pre_tokenizer"))
    : wholeText;
  for (const name of ["padding", "truncation"]) {
    const direction = (json[name] as Json | null | undefined)?.["direction"];
    if (typeof direction === "string") settings[`${name}_side`] ??= direction.toLowerCase();
  }
  const pipeline = new FastPipeline({
    model: readModel(object(json["model"], "model")),
    normalizer: adjust(
      json["normalizer"] ? readNormalizer(object(json["normalizer"], "normalizer")) : undefined,
      settings,
      hasConfig,
    ),
    ...(preTokenizer && { preTokenizer }),
    template: readTemplate(json["post_processor"]),
    decoder: readDecoder(json["decoder"]),
    added: AddedVocabulary.empty,
    json,
  });
  const added = (json["added_tokens"] ?? []) as readonly (AddedTokenInput & { readonly id?: unknown })[];
  const ids = added.map(({ id }) => id);
  return pipeline.withTokens(
    added.map((token) => makeAddedToken(token)),
    ids,
  ).pipeline;
}

const wholeText = (text: string): [number, number][] => [[0, text.length]];

function readModel(model: Json): WordPieceModel {
  const type = model["type"] ?? ("max_input_chars_per_word" in model ? "WordPiece" : undefined);
  if (type !== "WordPiece") {
    throw new TokenizerError(
      "unsupported",
      `tokenizer.json: the model is ${String(type)}; ConvBERT's tokenizer needs WordPiece`,
      { type },
    );
  }
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(object(model["vocab"], "model.vocab"))) {
    if (
      !Number.isSafeInteger(id) ||
      (id as number) < 0 ||
      (id as number) >= 1 << 24 ||
      tokens[id as number] !== undefined
    ) {
      throw new TokenizerError(
        "invalid-file",
        `tokenizer.json: model.vocab gives ${JSON.stringify(token)} the id ${JSON.stringify(id)}, which is no id or another token's`,
        { token, id },
      );
    }
    tokens[id as number] = token;
  }
  return new WordPieceModel(
    Vocabulary.fromTokens(tokens),
    String(model["unk_token"] ?? "[UNK]"),
    String(model["continuing_subword_prefix"] ?? "##"),
    Number(model["max_input_chars_per_word"] ?? 100),
  );
}

function adjust<T>(normalizer: T, settings: Json, hasConfig: boolean): T | BertNormalizer {
  if (!(normalizer instanceof BertNormalizer)) return normalizer;
  const choose = (option: string, written: unknown, byDefault: unknown): unknown =>
    option in settings ? settings[option] : hasConfig ? byDefault : written;
  const { options } = normalizer;
  return new BertNormalizer({
    clean_text: options.clean_text,
    handle_chinese_chars: choose("tokenize_chinese_chars", options.handle_chinese_chars, true),
    strip_accents: choose("strip_accents", options.strip_accents, null),
    lowercase: choose("do_lower_case", options.lowercase, true),
  } as BertNormalizerOptions);
}

function readTemplate(value: unknown): Template {
  if (value == null) return plainTemplate;
  const json = object(value, "post_processor");
  const pairOf = (name: string): [string, number] => json[name] as [string, number];
  if (json["type"] === "BertProcessing") return bertTemplate(...pairOf("cls"), ...pairOf("sep"));
  if (json["type"] === "Sequence" && (json["processors"] as unknown[]).length === 1)
    return readTemplate((json["processors"] as unknown[])[0]);
  if (json["type"] !== "TemplateProcessing") {
    throw new TokenizerError(
      "unsupported",
      `tokenizer.json: there is no post-processor ${JSON.stringify(json["type"])} in BERT's family`,
      { type: json["type"] },
    );
  }
  const special = object(json["special_tokens"], "post_processor.special_tokens");
  const read = (name: "single" | "pair"): TemplatePiece[] =>
    (json[name] as readonly Json[]).map((piece) => {
      const part = object(piece["Sequence"] ?? piece["SpecialToken"], `a piece of post_processor.${name}`);
      const typeId = Number(part["type_id"]);
      if (piece["Sequence"]) return { sequence: part["id"] === "A" ? 0 : 1, typeId };
      const token = object(special[String(part["id"])], `post_processor.special_tokens.${String(part["id"])}`);
      return { ids: token["ids"] as number[], tokens: token["tokens"] as string[], typeId };
    });
  return { single: read("single"), pair: read("pair") };
}

function replaceAll(token: string, find: FindAll, content: string): string {
  let made = "";
  let done = 0;
  for (const [from, to] of find(token)) {
    made += token.slice(done, from) + content;
    done = to;
  }
  return made + token.slice(done);
}

function readDecoder(value: unknown): Decoder {
  // Without a decoder tokens are joined by spaces.
  if (value == null) return (tokens) => tokens.map((token, i) => (i ? ` ${token}` : token));
  const json = object(value, "decoder");
  const { type } = json;
  if (type === "WordPiece") return wordPieceDecoder(String(json["prefix"] ?? "##"), json["cleanup"] !== false);
  if (type === "Fuse") return (tokens) => [tokens.join("")];
  if (type === "Replace") {
    const find = readPattern(json["pattern"]);
    const content = String(json["content"]);
    return (tokens) => tokens.map((token) => replaceAll(token, find, content));
  }
  if (type === "Sequence") {
    const steps = (json["decoders"] as unknown[]).map(readDecoder);
    return (tokens) => steps.reduce<string[]>((made, step) => step(made), [...tokens]);
  }
  throw new TokenizerError(
    "unsupported",
    `tokenizer.json: there is no decoder ${JSON.stringify(type)} in BERT's family`,
    { type },
  );
}
