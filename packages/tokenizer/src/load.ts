import type { ModelSource, OpenFilesOptions } from "@convbert/files";
import { type AddedTokenInput, makeAddedToken } from "./added-token.js";
import { describe, TokenizerError } from "./errors.js";
import type { FastPipeline } from "./fast/pipeline.js";
import { DEFAULT_SPECIAL_TOKENS, SPECIAL_TOKEN_NAMES } from "./special-tokens.js";
import type { TokenizerOptions } from "./tokenizer-base.js";
import type { WordPieceModel } from "./wordpiece.js";

/** Files of a tokenizer, wherever they are: what `@convbert/files` opens, or anything of the same shape. */
export interface TokenizerFiles {
  has(name: string): Promise<boolean>;
  readText(name: string): Promise<string>;
  readonly location?: string;
}

/**
 * Where a tokenizer is: a folder, an http(s) or file URL of one, a hub id ("YituTech/conv-bert-base"), files or a folder
 * that a person chose in a browser, or contents by name.
 */
export type TokenizerSource = ModelSource | TokenizerFiles;

/** How files are fetched; the other options go to the tokenizer and win over its files. */
export interface LoadOptions extends TokenizerOptions, OpenFilesOptions {}

const FILE_OPTIONS = {
  revision: true,
  cacheDirectory: true,
  offline: true,
  signal: true,
  onProgress: true,
  retries: true,
  retryDelay: true,
  timeout: true,
  maxFileSize: true,
  fetch: true,
  endpoint: true,
  token: true,
} satisfies Record<keyof OpenFilesOptions, true>;

/** What is needed to make a tokenizer. */
export interface Loaded {
  /** Text of vocab.txt, or the stages of tokenizer.json. */
  readonly source: string | FastPipeline;
  readonly options: TokenizerOptions;
  /** Added tokens of a tokenizer.json with their ids, for the slow tokenizer, where no other file has them. */
  readonly recorded?: readonly (readonly [id: unknown, token: AddedTokenInput])[];
}

/** The reference's own table of what its models take, by the names they are published under. */
const PUBLISHED_LENGTHS: Readonly<Record<string, number>> = {
  "YituTech/conv-bert-base": 512,
  "YituTech/conv-bert-medium-small": 512,
  "YituTech/conv-bert-small": 512,
};

/**
 * Reads a tokenizer's files, as `from_pretrained` of the reference does.
 * @param fast prefer `tokenizer.json` to `vocab.txt`.
 */
export async function loadTokenizer(source: TokenizerSource, options: LoadOptions, fast: boolean): Promise<Loaded> {
  if (isOpen(source)) return readFiles(source, source, options, fast);
  const { openFiles } = await import("@convbert/files");
  const files = await openFiles(source, options);
  try {
    return await readFiles(files, source, options, fast);
  } finally {
    await files.close();
  }
}

/** A set that was handed in is its owner's to close. */
function isOpen(source: TokenizerSource): source is TokenizerFiles {
  return typeof source === "object" && typeof (source as Partial<TokenizerFiles> | null)?.readText === "function";
}

async function readFiles(
  files: TokenizerFiles,
  source: TokenizerSource,
  options: LoadOptions,
  fast: boolean,
): Promise<Loaded> {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options))
    if (!Object.hasOwn(FILE_OPTIONS, name) && value !== undefined) given[name] = value;
  const [config, hasJson, hasVocabulary] = await Promise.all([
    readJson(files, "tokenizer_config.json"),
    files.has("tokenizer.json"),
    files.has("vocab.txt"),
  ]);
  const settings: Record<string, unknown> = { ...config, ...given };
  for (const name of ["tokenizer_class", "tokenizer_file", "vocab_file", "init_inputs", "name_or_path"])
    delete settings[name];
  if (settings["model_max_length"] == null && settings["max_len"] == null) {
    // A set of the hub's files is called as the model is.
    const [name = ""] = (typeof source === "string" ? source : (files.location ?? "")).split("@");
    if (Object.hasOwn(PUBLISHED_LENGTHS, name)) settings["model_max_length"] = PUBLISHED_LENGTHS[name];
  }
  if (config?.["added_tokens_decoder"] === undefined) await addLegacyTokens(files, settings, given, fast);
  else addSpecialsOf(settings);
  if (hasJson && (fast || !hasVocabulary)) {
    const { readTokenizerJson } = await import("./json/tokenizer-json.js");
    const json = parse(await files.readText("tokenizer.json"), files, "tokenizer.json");
    return { source: readTokenizerJson(json, settings, config !== undefined), options: settings };
  }
  if (hasVocabulary) {
    const text = await files.readText("vocab.txt");
    if (!hasJson || fast || settings["added_tokens_decoder"] !== undefined) return { source: text, options: settings };
    const { added_tokens } = parse(await files.readText("tokenizer.json"), files, "tokenizer.json");
    return { source: text, options: settings, recorded: recordedTokens(added_tokens) };
  }
  throw await missing(files);
}

/** The same for the slow tokenizer: a vocabulary and options. */
export async function loadSlow(
  source: TokenizerSource,
  options: LoadOptions,
): Promise<Omit<Loaded, "source"> & { readonly source: string | WordPieceModel }> {
  const loaded = await loadTokenizer(source, options, false);
  if (typeof loaded.source === "string") return { ...loaded, source: loaded.source };
  const { model, added } = loaded.source;
  const recorded = [...added.tokens].map(([id, token]) => [id, { ...token, special: false }] as const);
  return { options: loaded.options, source: model, recorded };
}

/** Added tokens as a tokenizer.json has them; as in the reference, whether they are special does not count here. */
function recordedTokens(added: unknown): [unknown, AddedTokenInput][] {
  if (!Array.isArray(added ?? [])) {
    throw new TokenizerError("invalid-file", `tokenizer.json: added_tokens is ${describe(added)}; expected a list`);
  }
  return ((added ?? []) as { id?: unknown; content: string }[]).map((token) => [
    token?.id,
    typeof token === "object" ? { ...token, special: false } : token,
  ]);
}

async function missing(files: TokenizerFiles): Promise<TokenizerError> {
  const where = files.location ?? "the files given";
  const isBpe = (await files.has("vocab.json")) || (await files.has("merges.txt"));
  return new TokenizerError(
    isBpe ? "unsupported" : "missing-file",
    isBpe
      ? `${where}: this is a byte-pair tokenizer (vocab.json, merges.txt); ConvBERT's needs a WordPiece vocab.txt or tokenizer.json`
      : `${where}: Can't find a vocabulary: there is neither vocab.txt nor tokenizer.json`,
    { location: where },
  );
}

async function readJson(files: TokenizerFiles, name: string): Promise<Record<string, unknown> | undefined> {
  return (await files.has(name)) ? parse(await files.readText(name), files, name) : undefined;
}

function parse(text: string, files: TokenizerFiles, name: string): Record<string, unknown> {
  let value: unknown;
  let problem = "it holds no JSON object";
  try {
    value = JSON.parse(text);
  } catch (error) {
    problem = (error as Error).message;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TokenizerError("invalid-file", `${files.location ?? "the files given"}: cannot read ${name}: ${problem}`, {
    file: name,
  });
}

/** Before added_tokens_decoder came: special_tokens_map.json and added_tokens.json. */
async function addLegacyTokens(
  files: TokenizerFiles,
  settings: Record<string, unknown>,
  given: Record<string, unknown>,
  fast: boolean,
): Promise<void> {
  const [map, added] = await Promise.all([
    readJson(files, "special_tokens_map.json"),
    readJson(files, "added_tokens.json"),
  ]);
  for (const [name, value] of Object.entries(map ?? {}))
    if (given[name] == null && value != null) settings[name] = value;
  if (!added) return;
  const decoder: Record<string, unknown> = {};
  for (const [content, id] of Object.entries(added)) {
    if (!Number.isSafeInteger(id) || (id as number) < 0) {
      throw new TokenizerError(
        "invalid-file",
        `added_tokens.json: the id of ${JSON.stringify(content)} is ${JSON.stringify(id)}`,
        {
          token: content,
        },
      );
    }
    decoder[id as number] = makeAddedToken({ content, lstrip: !fast, rstrip: !fast });
  }
  settings["added_tokens_decoder"] = decoder;
}

/**
 * Special tokens among the added ones that have no role become additional ones. The reference counts those with a role
 * among them too, so that its list grows when a tokenizer is saved and loaded; ours stays as it was.
 */
function addSpecialsOf(settings: Record<string, unknown>): void {
  const contentOf = (token: unknown): unknown =>
    typeof token === "string" ? token : (token as { content?: unknown } | null)?.content;
  const roles = new Set<unknown>(Object.values({ ...DEFAULT_SPECIAL_TOKENS }));
  for (const name of SPECIAL_TOKEN_NAMES) {
    if (!(name in settings)) continue;
    roles.delete(DEFAULT_SPECIAL_TOKENS[name as keyof typeof DEFAULT_SPECIAL_TOKENS]);
    roles.add(contentOf(settings[name]));
  }
  const decoder = Object.values(
    settings["added_tokens_decoder"] as Record<string, { content: string; special?: boolean }>,
  );
  const contents = new Set(decoder.map((token) => token.content));
  const listed = ((settings["additional_special_tokens"] as unknown[] | null) ?? []).map(contentOf);
  settings["additional_special_tokens"] = [
    ...listed.filter((content) => !contents.has(content as string)),
    ...decoder.filter((token) => (token.special && !roles.has(token.content)) || listed.includes(token.content)),
  ];
}
