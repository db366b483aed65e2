import { type AddedTokenInput, makeAddedToken } from "../added-token.js";
import { type Decoder, wordPieceDecoder } from "../decoder.js";
import { TokenizerError } from "../errors.js";
import { AddedVocabulary } from "../fast/added-vocabulary.js";
import { BertNormalizer } from "../fast/bert-normalizer.js";
import { FastPipeline } from "../fast/pipeline.js";
import { bertTemplate, plainTemplate, type Template, type TemplatePiece } from "../template.js";
import { Vocabulary } from "../vocabulary.js";
import { WordPieceModel } from "../wordpiece.js";
import { readNormalizer } from "./normalizers.js";
import { type Json, readPattern } from "./parts.js";
import type { FindAll } from "./pattern/matcher.js";
import { readPreTokenizer } from "./pre-tokenizers.js";
import { quote } from "./schema.js";

const BERT_SETTINGS = {
  do_lower_case: "lowercase",
  strip_accents: "strip_accents",
  tokenize_chinese_chars: "handle_chinese_chars",
} as const;

/**
 * Makes the stages that a `tokenizer.json` describes.
 * @param settings of tokenizer_config.json and the caller. The reference's class sets the normalizer anew from them, and
 * from its own defaults where there is a tokenizer_config.json that leaves them out (`hasConfig`).
 */
export function readTokenizerJson(json: Json, settings: Record<string, unknown>, hasConfig: boolean): FastPipeline {
  const preTokenizer = json["pre_tokenizer"] ? readPreTokenizer(json["pre_tokenizer"] as Json) : wholeText;
  const normalizer = json["normalizer"] ? readNormalizer(json["normalizer"] as Json) : undefined;
  // Without a tokenizer_config.json the settings are what the file says, here and wherever they are saved or passed on.
  if (!hasConfig && normalizer instanceof BertNormalizer) {
    for (const [name, option] of Object.entries(BERT_SETTINGS))
      if (!(name in settings)) settings[name] = normalizer.options[option];
  }
  for (const name of ["padding", "truncation"]) {
    const direction = (json[name] as Json | null | undefined)?.["direction"];
    if (typeof direction === "string") settings[`${name}_side`] ??= direction.toLowerCase();
  }
  const pipeline = new FastPipeline({
    model: readModel(json["model"] as Json),
    normalizer: adjust(normalizer, settings),
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
  const vocab = Object.entries(model["vocab"] as Readonly<Record<string, number>>);
  // Ids far beyond the number of tokens would be rows of nothing.
  const most = Math.max(1 << 18, vocab.length * 16);
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of vocab) {
    if (id >= most || tokens[id] !== undefined) {
      throw new TokenizerError(
        "invalid-file",
        `tokenizer.json: model.vocab gives ${quote(token)} the id ${id}, which is ${id >= most ? `far beyond its ${vocab.length} tokens` : "another token's"}`,
        { file: "tokenizer.json", field: "model.vocab", id },
      );
    }
    tokens[id] = token;
  }
  return new WordPieceModel(
    Vocabulary.fromTokens(Array.from(tokens)),
    (model["unk_token"] as string | undefined) ?? "[UNK]",
    (model["continuing_subword_prefix"] as string | undefined) ?? "##",
    (model["max_input_chars_per_word"] as number | undefined) ?? 100,
  );
}

function adjust<T>(normalizer: T, settings: Json): T | BertNormalizer {
  if (!(normalizer instanceof BertNormalizer)) return normalizer;
  return new BertNormalizer({
    clean_text: normalizer.options.clean_text,
    handle_chinese_chars: (settings["tokenize_chinese_chars"] as boolean | undefined) ?? true,
    strip_accents: (settings["strip_accents"] as boolean | null | undefined) ?? null,
    lowercase: (settings["do_lower_case"] as boolean | undefined) ?? true,
  });
}

function readTemplate(value: unknown): Template {
  if (value == null) return plainTemplate;
  const json = value as Json;
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
  const special = json["special_tokens"] as Json;
  const read = (name: "single" | "pair"): TemplatePiece[] =>
    (json[name] as readonly Json[]).map((piece) => {
      const part = (piece["Sequence"] ?? piece["SpecialToken"]) as Json;
      const typeId = Number(part["type_id"]);
      if (piece["Sequence"]) return { sequence: part["id"] === "A" ? 0 : 1, typeId };
      const token = (Object.hasOwn(special, part["id"] as string) ? special[part["id"] as string] : undefined) as
        | Json
        | undefined;
      if (!token || (token["ids"] as unknown[]).length !== (token["tokens"] as unknown[]).length) {
        throw new TokenizerError(
          "invalid-file",
          `tokenizer.json: post_processor.${name} uses ${quote(part["id"])}, which post_processor.special_tokens does not give ids and as many tokens`,
          { file: "tokenizer.json", field: `post_processor.${name}` },
        );
      }
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
  const json = value as Json;
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
