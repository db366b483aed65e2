import type { ModelSource, OpenFilesOptions } from "@convbert/files";
import { type AddedTokenInput, makeAddedToken } from "./added-token.js";
import { TokenizerError } from "./errors.js";
import type { FastPipeline } from "./fast/pipeline.js";
import { checkShape, isTooDeep, quote, type Shape } from "./json/schema.js";
import { addedTokensShape, configShape, specialTokensShape, tokenizerShape } from "./json/shapes.js";
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

/** Of a tokenizer_config.json, what says nothing about a tokenizer that is loaded. */
const UNUSED = [
  "tokenizer_class",
  "tokenizer_file",
  "fast_tokenizer_files",
  "vocab_file",
  "init_inputs",
  "name_or_path",
];

type Json = Readonly<Record<string, unknown>>;

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
  const config = await readJson(files, "tokenizer_config.json", configShape);
  const jsonName = await chooseJson(files, config);
  const hasVocabulary = await files.has("vocab.txt");
  const settings: Record<string, unknown> = { ...config, ...given };
  for (const name of UNUSED) delete settings[name];
  if (settings["model_max_length"] == null && settings["max_len"] == null) {
    // A set of the hub's files is called as the model is.
    const [name = ""] = (typeof source === "string" ? source : (files.location ?? "")).split("@");
    if (Object.hasOwn(PUBLISHED_LENGTHS, name)) settings["model_max_length"] = PUBLISHED_LENGTHS[name];
  }
  if (config?.["added_tokens_decoder"] == null) await addLegacyTokens(files, settings, given, fast);
  else addSpecialsOf(settings);
  // A config that says so has no tokenizer.json, whatever lies beside it.
  const isUnwanted = config?.["tokenizer_file"] === null;
  if (jsonName && (!hasVocabulary || (fast && !isUnwanted))) {
    const { readTokenizerJson } = await import("./json/tokenizer-json.js");
    const json = (await readJson(files, jsonName, tokenizerShape))!;
    return { source: readTokenizerJson(json, settings, config !== undefined), options: settings };
  }
  if (hasVocabulary) {
    const text = await files.readText("vocab.txt");
    if (!jsonName || fast || settings["added_tokens_decoder"] !== undefined) return { source: text, options: settings };
    const { added_tokens } = (await readJson(files, jsonName, tokenizerShape))!;
    return { source: text, options: settings, recorded: recordedTokens(added_tokens) };
  }
  throw await missing(files);
}

/** The version of the reference whose files are read. */
const REFERENCE = [4, 34, 0];

/**
 * The name of the tokenizer.json for the reference's version: `fast_tokenizer_files` lists others, such as
 * "tokenizer.4.0.0.json", each from a version on.
 */
async function chooseJson(files: TokenizerFiles, config: Json | undefined): Promise<string | undefined> {
  let chosen = "tokenizer.json";
  const listed = ((config?.["fast_tokenizer_files"] ?? []) as readonly string[]).flatMap((name) => {
    const version = /^tokenizer\.(\d+(?:\.\d+){0,3})\.json$/.exec(name)?.[1];
    return version ? [{ name, version: version.split(".").map(Number) }] : [];
  });
  listed.sort((a, b) => compareVersions(a.version, b.version));
  for (const { name, version } of listed) if (compareVersions(version, REFERENCE) <= 0) chosen = name;
  for (const name of [chosen, "tokenizer.json"]) if (await files.has(name)) return name;
  return undefined;
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
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
  return ((added ?? []) as readonly { readonly id?: unknown; readonly content: string }[]).map((token) => [
    token.id,
    { ...token, special: false },
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

/** Reads a file and checks what it holds. @returns undefined where it is missing. */
async function readJson(files: TokenizerFiles, name: string, shape: Shape): Promise<Json | undefined> {
  if (!(await files.has(name))) return undefined;
  const where = files.location ? `${files.location}: ` : "";
  let value: unknown;
  let problem: string | undefined;
  try {
    value = JSON.parse(await files.readText(name));
    if (isTooDeep(value)) problem = "its lists and objects are nested too deeply";
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    problem = quote(error.message).slice(1, -1);
  }
  if (problem !== undefined)
    throw new TokenizerError("invalid-file", `${where}cannot read ${name}: ${problem}`, { file: name });
  checkShape(value, shape, name, where);
  return value as Json;
}

/** Before added_tokens_decoder came: special_tokens_map.json and added_tokens.json. */
async function addLegacyTokens(
  files: TokenizerFiles,
  settings: Record<string, unknown>,
  given: Json,
  fast: boolean,
): Promise<void> {
  const [map, added] = await Promise.all([
    readJson(files, "special_tokens_map.json", specialTokensShape),
    readJson(files, "added_tokens.json", addedTokensShape),
  ]);
  for (const name of SPECIAL_TOKEN_NAMES) if (given[name] == null && map?.[name] != null) settings[name] = map[name];
  if (map?.["additional_special_tokens"] && given["additional_special_tokens"] == null) {
    const listed = (settings["additional_special_tokens"] ?? []) as readonly unknown[];
    const known = new Set(listed.map(contentOf));
    const others = (map["additional_special_tokens"] as readonly unknown[]).filter(
      (token) => !known.has(contentOf(token)),
    );
    settings["additional_special_tokens"] = [...listed, ...others];
  }
  if (!added) return;
  settings["added_tokens_decoder"] = Object.fromEntries(
    Object.entries(added).map(([content, id]) => [id, makeAddedToken({ content, lstrip: !fast, rstrip: !fast })]),
  );
}

const contentOf = (token: unknown): unknown =>
  typeof token === "string" ? token : (token as { readonly content?: unknown } | null)?.content;

/**
 * Special tokens among the added ones that have no role become additional ones. The reference counts those with a role
 * among them too, so that its list grows when a tokenizer is saved and loaded; ours stays as it was.
 */
function addSpecialsOf(settings: Record<string, unknown>): void {
  const roles = new Set<unknown>(Object.values({ ...DEFAULT_SPECIAL_TOKENS }));
  for (const name of SPECIAL_TOKEN_NAMES) {
    if (!(name in settings)) continue;
    roles.delete(DEFAULT_SPECIAL_TOKENS[name as keyof typeof DEFAULT_SPECIAL_TOKENS]);
    roles.add(contentOf(settings[name]));
  }
  const decoder = Object.values(settings["added_tokens_decoder"] as Record<string, AddedTokenInput>).map((token) =>
    makeAddedToken(token),
  );
  const byContent = new Map(decoder.map((token) => [token.content, token]));
  const listed = (settings["additional_special_tokens"] ?? []) as readonly AddedTokenInput[];
  const contents = new Set(listed.map(contentOf));
  settings["additional_special_tokens"] = [
    ...listed.filter((token) => typeof token !== "string" || !byContent.has(token)),
    ...decoder.filter(({ content, special }) =>
      contents.has(content) ? listed.includes(content) : special && !roles.has(content),
    ),
  ];
}
