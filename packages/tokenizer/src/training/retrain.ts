import { type AddedToken, type AddedTokenInput, makeAddedToken } from "../added-token.js";
import { checkNames, describe, TokenizerError } from "../errors.js";
import { AddedVocabulary } from "../fast/added-vocabulary.js";
import { FastPipeline } from "../fast/pipeline.js";
import type { SpecialTokens } from "../special-tokens.js";
import type { Template, TemplatePiece } from "../template.js";
import type { TokenizerOptions } from "../tokenizer-options.js";
import { Vocabulary } from "../vocabulary.js";
import { WordPieceModel } from "../wordpiece.js";
import { checkSize, countWords, trainOnCounts, type WordPieceTrainingOptions } from "./counted.js";

/** Options of `trainNewFromIterator`, under the names of the reference and its trainer. */
export interface RetrainingOptions
  extends Pick<WordPieceTrainingOptions, "initial_alphabet" | "continuingAlphabet" | "onProgress" | "signal"> {
  /** Special tokens beside those that the tokenizer has. */
  readonly new_special_tokens?: readonly AddedTokenInput[] | null;
  /** New names of special tokens by their old ones. */
  readonly special_tokens_map?: Readonly<Record<string, string>> | null;
  /** How often a pair must occur to become a token. Default 0. */
  readonly min_frequency?: number;
  /** Different characters at most. Default: all. */
  readonly limit_alphabet?: number | null;
  /** What a token begins with that continues a word. Default: what it is in this tokenizer. */
  readonly continuing_subword_prefix?: string;
}

const OPTIONS = {
  new_special_tokens: 0,
  special_tokens_map: 0,
  min_frequency: 0,
  limit_alphabet: 0,
  continuing_subword_prefix: 0,
  initial_alphabet: 0,
  continuingAlphabet: 0,
  onProgress: 0,
  signal: 0,
};

/** What a tokenizer is made of. */
interface Parts {
  readonly pipeline: FastPipeline;
  readonly options: TokenizerOptions;
}

/**
 * Trains the vocabulary of a tokenizer that is otherwise like another (`train_new_from_iterator` of the reference).
 * @param of the other tokenizer. @param specials its special tokens.
 */
export async function retrain(
  of: Parts,
  specials: SpecialTokens,
  texts: Iterable<string | readonly string[]> | AsyncIterable<string | readonly string[]>,
  size: number,
  options: RetrainingOptions,
): Promise<Parts> {
  checkNames(options, OPTIONS);
  checkSize(size);
  const { stages, model, added } = of.pipeline;
  const names = new Map(Object.entries(options.special_tokens_map ?? {}));
  const renamed = (name: string): string => names.get(name) ?? name;
  const rename = (token: AddedToken): AddedToken => ({ ...token, content: renamed(token.content) });
  const given = options.new_special_tokens ?? [];
  if (!Array.isArray(given))
    throw new TokenizerError("invalid-input", `new_special_tokens is ${describe(given)}; expected a list of tokens`);
  const fresh = given.map((token: AddedTokenInput) => makeAddedToken(token, true));
  const byId = [...added.tokens].sort(([a], [b]) => a - b).map(([, token]) => token);
  const special = [...byId.filter((token) => token.special).map(rename), ...fresh];

  const prefix = options.continuing_subword_prefix ?? model.prefix;
  const counts = await countWords(texts, stages, options);
  const tokens = trainOnCounts(counts, size, {
    ...options,
    special_tokens: special.map((token) => token.content),
    wordpieces_prefix: prefix,
    min_frequency: options.min_frequency ?? 0,
    limit_alphabet: options.limit_alphabet ?? Number.POSITIVE_INFINITY,
  });
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const idOf = (name: string): number => {
    const id = ids.get(name);
    if (id !== undefined) return id;
    throw new TokenizerError(
      "missing-token",
      `the template needs ${JSON.stringify(name)}, which is none of the special tokens: give it in new_special_tokens`,
      { token: name },
    );
  };
  const { json } = stages;
  const pipeline = new FastPipeline({
    ...stages,
    model: new WordPieceModel(Vocabulary.fromTokens(tokens), renamed(model.unkToken), prefix, model.maxCharacters),
    template: templateOf(stages.template, renamed, idOf),
    added: AddedVocabulary.empty,
    ...(json && { json: { ...json, post_processor: processorOf(json["post_processor"], renamed, idOf) } }),
  }).withTokens(special).pipeline;
  const roles = Object.fromEntries(Array.from(specials.named, ([name, token]) => [name, rename(token)]));
  return {
    pipeline,
    options: {
      ...of.options,
      ...roles,
      additional_special_tokens: [...specials.additional.map(rename), ...fresh],
      added_tokens_decoder: {},
    },
  };
}

function templateOf(template: Template, renamed: (name: string) => string, idOf: (name: string) => number): Template {
  const renew = (piece: TemplatePiece): TemplatePiece => {
    if (!("ids" in piece)) return piece;
    const tokens = piece.tokens.map(renamed);
    return { ...piece, tokens, ids: tokens.map(idOf) };
  };
  return { single: template.single.map(renew), pair: template.pair.map(renew) };
}

type Json = Record<string, unknown>;

/** The post-processor of a tokenizer.json with the new tokens and ids. */
function processorOf(value: unknown, renamed: (name: string) => string, idOf: (name: string) => number): unknown {
  if (typeof value !== "object" || value === null) return value;
  const json = { ...(value as Json) };
  for (const name of ["cls", "sep"]) {
    if (!Array.isArray(json[name])) continue;
    const token = renamed(String(json[name][0]));
    json[name] = [token, idOf(token)];
  }
  if (Array.isArray(json["processors"]))
    json["processors"] = json["processors"].map((part) => processorOf(part, renamed, idOf));
  if (json["special_tokens"]) {
    const renew = ([name, piece]: [string, Json]): [string, Json] => {
      const tokens = (piece["tokens"] as string[]).map(renamed);
      return [name, { ...piece, tokens, ids: tokens.map(idOf) }];
    };
    json["special_tokens"] = Object.fromEntries(
      Object.entries(json["special_tokens"] as Record<string, Json>).map(renew),
    );
  }
  return json;
}
