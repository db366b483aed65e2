import { type AddedToken, AddedVocabulary, makeAddedToken } from "./added-vocabulary.js";
import { BertNormalizer, type BertNormalizerOptions } from "./bert-normalizer.js";
import { wordPieceDecoder } from "./decoder.js";
import { TokenizerError } from "./errors.js";
import { FastPipeline } from "./fast-pipeline.js";
import type { Loaded } from "./load.js";
import { plainTemplate, type Template, type TemplatePiece } from "./template.js";
import type { TokenizerOptions } from "./tokenizer-base.js";
import { Vocabulary } from "./vocabulary.js";
import { WordPieceModel } from "./wordpiece.js";

type Json = Record<string, unknown>;

/**
 * Makes the stages that a `tokenizer.json` describes.
 * @param settings of tokenizer_config.json and the caller; they win where the reference lets them.
 * @param fast false: only the vocabulary and the added tokens are taken, for the slow tokenizer.
 */
export function readTokenizerJson(json: Json, settings: Record<string, unknown>, fast: boolean): Loaded {
  const model = readModel(object(json["model"], "model"));
  const normalizer = readNormalizer(json["normalizer"] as Json | null, settings);
  const added = readAddedTokens(json["added_tokens"]);
  void fast;
  let pipeline = new FastPipeline({
    model,
    normalizer,
    template: readTemplate(json["post_processor"] as Json | null),
    decoder: wordPieceDecoder("##", true),
    added: AddedVocabulary.empty,
  });
  pipeline = pipeline.withTokens(added.map(({ token }) => token)).pipeline;
  return { source: pipeline, options: settings as TokenizerOptions };
}

function object(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new TokenizerError("invalid-file", `tokenizer.json: ${path} is missing or no object`, { path });
}

function readModel(model: Json): WordPieceModel {
  const type = model["type"] ?? "WordPiece";
  if (type !== "WordPiece") {
    throw new TokenizerError(
      "unsupported",
      `tokenizer.json: the model is ${String(type)}; ConvBERT's tokenizer needs WordPiece`,
      { type },
    );
  }
  const vocab = object(model["vocab"], "model.vocab");
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(vocab)) {
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

function readNormalizer(normalizer: Json | null | undefined, settings: Json): BertNormalizer | undefined {
  if (!normalizer) return undefined;
  if (normalizer["type"] !== "BertNormalizer") {
    throw new TokenizerError("unsupported", `tokenizer.json: unknown normalizer ${String(normalizer["type"])}`);
  }
  const options = { ...normalizer } as unknown as BertNormalizerOptions;
  return new BertNormalizer({
    clean_text: options.clean_text ?? true,
    // The reference's class sets these anew from its own arguments, or their defaults.
    handle_chinese_chars: (settings["tokenize_chinese_chars"] as boolean | undefined) ?? true,
    strip_accents: (settings["strip_accents"] as boolean | null | undefined) ?? null,
    lowercase: (settings["do_lower_case"] as boolean | undefined) ?? true,
  });
}

function readTemplate(processor: Json | null | undefined): Template {
  if (!processor) return plainTemplate;
  const special = processor["special_tokens"] as Record<string, { ids: number[]; tokens: string[] }>;
  const read = (pieces: readonly Json[]): TemplatePiece[] =>
    pieces.map((piece) => {
      const sequence = piece["Sequence"] as { id: string; type_id: number } | undefined;
      if (sequence) return { sequence: sequence.id === "A" ? 0 : 1, typeId: sequence.type_id };
      const token = piece["SpecialToken"] as { id: string; type_id: number };
      return { ...special[token.id]!, typeId: token.type_id };
    });
  return { single: read(processor["single"] as Json[]), pair: read(processor["pair"] as Json[]) };
}

function readAddedTokens(value: unknown): { readonly id: number; readonly token: AddedToken }[] {
  if (!Array.isArray(value)) return [];
  return value.map((token) => ({ id: Number(token.id), token: makeAddedToken(token) }));
}
