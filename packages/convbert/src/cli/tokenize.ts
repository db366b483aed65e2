import {
  type CallOptions,
  ConvBertTokenizer,
  ConvBertTokenizerFast,
  type IntTensor,
  TokenizerError,
  type TokenizerOptions,
} from "@convbert/tokenizer";
import type { Command } from "commander";
import { embeddedModel } from "../embedded.js";
import { EXIT, oneLine, UsageError } from "./failure.js";
import { readLines, type Terminal } from "./terminal.js";

interface TokenizeFlags {
  readonly model?: string;
  readonly slow?: boolean;
  readonly pair?: boolean;
  readonly options?: string;
  readonly revision?: string;
  readonly cacheDir?: string;
  readonly offline?: boolean;
}

const HELP = `
Each line of standard input is one JSON value: "text", a pair ["a", "b"] with --pair, or a list of words with
--options '{"is_split_into_words": true}'. Each gives one line: an object with the reference's fields (input_ids,
token_type_ids, attention_mask, ...; lists of windows with return_overflowing_tokens), or {"error": "..."}.

Options of the call: ${"add_special_tokens padding truncation max_length stride is_split_into_words"}
  pad_to_multiple_of return_token_type_ids return_attention_mask return_overflowing_tokens
  return_special_tokens_mask return_offsets_mapping return_length return_tensors offset_unit verbose
Options of the tokenizer: do_lower_case strip_accents tokenize_chinese_chars do_basic_tokenize never_split
  model_max_length padding_side truncation_side split_special_tokens clean_up_tokenization_spaces unk_token ...

Example:
  echo '"naïve café"' | convbert tokenize --options '{"return_offsets_mapping": true}'`;

/** Adds `convbert tokenize`. */
export function addTokenize(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("tokenize")
    .description("tokenize lines of JSON")
    .option("--model <source>", "folder, URL or hub id; BERT's uncased English vocabulary by default")
    .option("--slow", "the semantics of the reference's Python tokenizer, instead of its Rust one")
    .option("--pair", 'every line is a pair, ["a", "b"]')
    .option("--options <json>", "options of the tokenizer and of the call, by the reference's names")
    .option("--json", "as without it: lines of JSON")
    .option("--revision <name>", "branch, tag or commit of a hub model")
    .option("--cache-dir <folder>", "where downloads are kept")
    .option("--offline", "never touch the network")
    .addHelpText("after", HELP)
    .action(async (flags: TokenizeFlags) => finish(await tokenize(flags, terminal)));
}

async function tokenize(flags: TokenizeFlags, terminal: Terminal): Promise<number> {
  const { own, call } = splitOptions(flags.options);
  const Tokenizer = flags.slow ? ConvBertTokenizer : ConvBertTokenizerFast;
  const tokenizer = await Tokenizer.fromPretrained(flags.model ?? embeddedModel("text-classification"), {
    ...own,
    signal: terminal.signal,
    ...(flags.revision !== undefined && { revision: flags.revision }),
    ...(flags.cacheDir !== undefined && { cacheDirectory: flags.cacheDir }),
    ...(flags.offline && { offline: true }),
  });
  if (terminal.stdin.isTTY) await terminal.stderr.write("reading lines of JSON; end with Ctrl-D\n");
  for await (const line of readLines(terminal.stdin)) {
    terminal.signal.throwIfAborted();
    if (line.trim() === "") continue;
    let result: unknown;
    try {
      const [text, pair] = textsOf(line, flags.pair ?? false, call.is_split_into_words ?? false);
      // The types tell one text from a list of them; here a list of words is one text.
      const batch = tokenizer(text as string, { ...call, ...(pair !== undefined && { text_pair: pair as string }) });
      result = Object.fromEntries(Object.entries(batch).map(([field, value]) => [field, plain(value)]));
    } catch (error) {
      if (!(error instanceof TokenizerError || error instanceof UsageError)) throw error;
      result = { error: oneLine(error) };
    }
    await terminal.stdout.write(`${JSON.stringify(result)}\n`);
  }
  return EXIT.success;
}

type Sequence = string | string[];

/** What a line says: a text, or a pair; words in place of texts where they are split already. */
function textsOf(line: string, isPair: boolean, isWords: boolean): [Sequence, Sequence | undefined] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new UsageError(`not JSON: ${(error as Error).message}`);
  }
  const isSequence = (item: unknown): item is Sequence =>
    isWords ? Array.isArray(item) && item.every((word) => typeof word === "string") : typeof item === "string";
  if (isPair) {
    if (Array.isArray(value) && value.length === 2 && isSequence(value[0]) && isSequence(value[1])) {
      return [value[0], value[1]];
    }
    throw new UsageError(`expected a pair, ${isWords ? '[["a", "b"], ["c"]]' : '["a", "b"]'}`);
  }
  if (isSequence(value)) return [value, undefined];
  throw new UsageError(isWords ? 'expected a list of words, ["a", "b"]' : 'expected a string, "text"');
}

/** Rows in one array as nested lists. */
function plain(value: unknown): unknown {
  const tensor = value as Partial<IntTensor> | null;
  if (typeof tensor !== "object" || !(tensor?.data instanceof Int32Array) || tensor.shape === undefined) return value;
  const [rows, length] = tensor.shape;
  return Array.from({ length: rows }, (_, row) => [...tensor.data!.subarray(row * length, (row + 1) * length)]);
}

// `satisfies` keeps these lists whole when the tokenizer gains options.
const CALL_OPTIONS = {
  add_special_tokens: true,
  padding: true,
  truncation: true,
  max_length: true,
  stride: true,
  is_split_into_words: true,
  pad_to_multiple_of: true,
  return_tensors: true,
  return_token_type_ids: true,
  return_attention_mask: true,
  return_overflowing_tokens: true,
  return_special_tokens_mask: true,
  return_offsets_mapping: true,
  return_length: true,
  offset_unit: true,
  verbose: true,
} satisfies Record<Exclude<keyof CallOptions, "text_pair" | SharedOption>, true>;

/** The tokenizer and the call both have these; the tokenizer takes them, as in the reference. */
type SharedOption = "padding_side" | "truncation_side" | "split_special_tokens";

const OWN_OPTIONS: readonly (keyof TokenizerOptions)[] = [
  "do_lower_case",
  "do_basic_tokenize",
  "never_split",
  "tokenize_chinese_chars",
  "strip_accents",
  "model_max_length",
  "max_len",
  "padding_side",
  "truncation_side",
  "split_special_tokens",
  "clean_up_tokenization_spaces",
  "model_input_names",
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
  "additional_special_tokens",
];

function splitOptions(json: string | undefined): { own: TokenizerOptions; call: CallOptions } {
  if (json === undefined) return { own: {}, call: {} };
  let options: unknown;
  try {
    options = JSON.parse(json);
  } catch (error) {
    throw new UsageError(`--options is not JSON: ${(error as Error).message}`);
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError('--options must be a JSON object, as {"truncation": true, "max_length": 16}');
  }
  const own: Record<string, unknown> = {};
  const call: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(CALL_OPTIONS, name)) call[name] = value;
    else if (OWN_OPTIONS.includes(name)) own[name] = value;
    else throw new UsageError(`--options: there is no option "${name}"; see convbert tokenize --help`);
  }
  return { own, call };
}
