import {
  type CallOptions,
  ConvBertTokenizer,
  ConvBertTokenizerFast,
  type IntTensor,
  TokenizerError,
  type TokenizerOptions,
} from "@convbert/tokenizer";
import { SPECIAL_TOKEN_NAMES } from "@convbert/tokenizer/internal";
import type { Command } from "commander";
import { EXIT, oneLine, UsageError } from "../errors.js";
import { type Line, readLines } from "../lines.js";
import { jsonLine } from "../printable.js";
import { anyModel, MODEL_FORM, modelSource } from "../shipped-models.js";
import type { Terminal } from "../terminal.js";

interface TokenizeFlags {
  readonly model?: string;
  readonly slow?: boolean;
  readonly pair?: boolean;
  readonly text?: boolean;
  readonly options?: string;
  readonly revision?: string;
  readonly cacheDir?: string;
  readonly offline?: boolean;
}

const HELP = `
Texts are arguments (with --pair in twos), or lines of standard input: each line one JSON value, "text", a pair
["a", "b"] with --pair, or a list of words with --options '{"is_split_into_words": true}'. With --text every line is the
text itself; with --pair text<TAB>text; words are what white space parts.

Each text gives one line: an object with the reference's fields (input_ids, token_type_ids, attention_mask, ...; lists of
windows with return_overflowing_tokens), or {"error": "..."}.

Options of the call: ${"add_special_tokens padding truncation max_length stride is_split_into_words"}
  pad_to_multiple_of return_token_type_ids return_attention_mask return_overflowing_tokens
  return_special_tokens_mask return_offsets_mapping return_length return_tensors offset_unit verbose
Options of the tokenizer: do_lower_case strip_accents tokenize_chinese_chars do_basic_tokenize never_split
  model_max_length padding_side truncation_side split_special_tokens clean_up_tokenization_spaces unk_token ...

Examples:
  convbert tokenize "naïve café"
  convbert tokenize --text < sentences.txt
  echo '"naïve café"' | convbert tokenize --options '{"return_offsets_mapping": true}'`;

/** Adds `convbert tokenize`. */
export function addTokenize(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("tokenize")
    .description("tokenize texts, or lines of JSON")
    .argument("[texts...]", "what to tokenize; without any, lines of standard input")
    .option("--model <source>", `${MODEL_FORM}; BERT's uncased English vocabulary by default`)
    .option("--text", "lines of standard input are texts, not JSON")
    .option("--slow", "the semantics of the reference's Python tokenizer, instead of its Rust one")
    .option("--pair", 'texts come in pairs: TEXT TEXT, ["a", "b"], or text<TAB>text with --text')
    .option("--options <json>", "options of the tokenizer and of the call, by the reference's names")
    .option("--json", "as without it: lines of JSON")
    .option("--revision <name>", "branch, tag or commit of a hub model")
    .option("--cache-dir <folder>", "where downloads are kept")
    .option("--offline", "never touch the network")
    .addHelpText("after", HELP)
    .action(async (texts: string[], flags: TokenizeFlags) => finish(await tokenize(texts, flags, terminal)));
}

async function tokenize(texts: readonly string[], flags: TokenizeFlags, terminal: Terminal): Promise<number> {
  const { own, call } = splitOptions(flags.options);
  if (flags.pair && texts.length % 2 === 1) {
    throw new UsageError(`--pair takes its texts in twos; got ${texts.length}`);
  }
  const Tokenizer = flags.slow ? ConvBertTokenizer : ConvBertTokenizerFast;
  const source = flags.model === undefined ? anyModel("name one with --model") : modelSource(flags.model);
  const tokenizer = await Tokenizer.fromPretrained(source, {
    ...own,
    signal: terminal.signal,
    ...(flags.revision !== undefined && { revision: flags.revision }),
    ...(flags.cacheDir !== undefined && { cacheDirectory: flags.cacheDir }),
    ...(flags.offline && { offline: true }),
  });
  const form: Form = { isPair: flags.pair ?? false, isWords: call.is_split_into_words ?? false };
  const tell = async (read: () => Sequences): Promise<void> => {
    terminal.signal.throwIfAborted();
    let result: unknown;
    try {
      const [text, pair] = read();
      // The types tell one text from a list of them; here a list of words is one text.
      const batch = tokenizer(text as string, { ...call, ...(pair !== undefined && { text_pair: pair as string }) });
      result = Object.fromEntries(Object.entries(batch).map(([field, value]) => [field, plain(value)]));
    } catch (error) {
      if (!(error instanceof TokenizerError || error instanceof UsageError)) throw error;
      result = { error: oneLine(error) };
    }
    await terminal.stdout.write(`${jsonLine(result)}\n`);
  };
  if (texts.length > 0) {
    for (let i = 0; i < texts.length; i += form.isPair ? 2 : 1) {
      await tell(() => plainTexts(form.isPair ? texts.slice(i, i + 2) : [texts[i]!], form));
    }
    return EXIT.success;
  }
  if (terminal.stdin.isTTY) {
    await terminal.stderr.write(`reading lines of ${flags.text ? "text" : "JSON"}; end with Ctrl-D\n`);
  }
  for await (const line of readLines(terminal.stdin)) {
    await tell(() => (flags.text ? plainTexts(textOf(line).split("\t"), form) : jsonTexts(textOf(line), form)));
  }
  return EXIT.success;
}

/** @throws UsageError for a line that is empty or no UTF-8. */
function textOf({ text, problem }: Line): string {
  if (problem !== undefined) throw new UsageError(problem);
  if (text.trim() === "") throw new UsageError("the line is empty");
  return text;
}

interface Form {
  readonly isPair: boolean;
  readonly isWords: boolean;
}

type Sequences = readonly [Sequence, Sequence | undefined];

/** A text as it stands, or two of them; words are what white space parts. */
function plainTexts(texts: readonly string[], { isPair, isWords }: Form): Sequences {
  const given = isPair ? texts : [texts.join("\t")];
  if (isPair && given.length !== 2) {
    throw new UsageError(`expected text<TAB>text; got ${given.length === 1 ? "no tab" : `${given.length} columns`}`);
  }
  const [first, second] = given.map((text) => (isWords ? text.split(/\s+/).filter((word) => word !== "") : text));
  return [first!, second];
}

type Sequence = string | string[];

/** What a line says: a text, or a pair; words in place of texts where they are split already. */
function jsonTexts(line: string, { isPair, isWords }: Form): Sequences {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new UsageError(`not JSON: ${(error as Error).message}; for plain text give --text`);
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
  ...SPECIAL_TOKEN_NAMES,
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
