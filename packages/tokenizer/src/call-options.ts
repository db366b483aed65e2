import { checkNames, describe, invalidOption, TokenizerError } from "./errors.js";
import type { Side, TruncationStrategy } from "./truncation.js";

/** One sequence: a text, or its words where `is_split_into_words` is set. */
export type SequenceInput = string | readonly string[];

/**
 * What can be encoded: a text, a list of texts, or a list of [text, pair] lists. With `is_split_into_words` a list of
 * words takes the place of each text.
 */
export type TextInput = string | readonly (string | readonly (string | readonly string[])[])[];

export type PaddingStrategy = "longest" | "max_length" | "do_not_pad";

/** Arguments of a call, under the reference's names. */
export interface CallOptions {
  /** Second sequence, or a list of them, one for each text. */
  readonly text_pair?: TextInput | null | undefined;
  /** Put [CLS] and [SEP] around the sequences. Default true. */
  readonly add_special_tokens?: boolean | undefined;
  /** true or "longest": to the longest row; "max_length": to `max_length`, or else what the model takes. Default false. */
  readonly padding?: boolean | PaddingStrategy | undefined;
  /** true or "longest_first", "only_first", "only_second". Default false; on where only `max_length` is given. */
  readonly truncation?: boolean | TruncationStrategy | null | undefined;
  /** Tokens of a row at most, special ones included. Default: what the model takes. */
  readonly max_length?: number | null | undefined;
  /** Tokens that an overflowing window repeats from the one before it. Default 0. */
  readonly stride?: number | undefined;
  /** The texts are lists of words. */
  readonly is_split_into_words?: boolean | undefined;
  /** Pad to a multiple of this many tokens. */
  readonly pad_to_multiple_of?: number | null | undefined;
  readonly padding_side?: Side | undefined;
  readonly truncation_side?: Side | undefined;
  /** Rows in one typed array each field, `{ data: Int32Array, shape: [rows, length] }`, also for a single text. */
  readonly return_tensors?: boolean | undefined;
  readonly return_token_type_ids?: boolean | null | undefined;
  readonly return_attention_mask?: boolean | null | undefined;
  /** Keep what truncation cuts off: as further rows (fast), or as `overflowing_tokens` (slow). */
  readonly return_overflowing_tokens?: boolean | undefined;
  readonly return_special_tokens_mask?: boolean | undefined;
  /** `offset_mapping`: the offsets of each token in its text. Fast tokenizer only. */
  readonly return_offsets_mapping?: boolean | undefined;
  readonly return_length?: boolean | undefined;
  /** What offsets count: code points as in the reference, or UTF-16 units as `String.prototype.slice` does. */
  readonly offset_unit?: "code_point" | "utf16" | undefined;
  /** Slow tokenizer only: special tokens in the text are split like any other. */
  readonly split_special_tokens?: boolean | undefined;
  /** Warn on the console where the reference does. Default true. */
  readonly verbose?: boolean | undefined;
}

/** What a call takes from its tokenizer. */
export interface CallDefaults {
  readonly modelMaxLength: number;
  readonly hasPadToken: boolean;
  readonly padding_side: Side;
  readonly truncation_side: Side;
  readonly split_special_tokens: boolean;
}

/** Every option of a call, with its default. */
export const CALL_DEFAULTS = {
  text_pair: null as CallOptions["text_pair"],
  add_special_tokens: true,
  padding: false as boolean | PaddingStrategy,
  truncation: null as CallOptions["truncation"],
  max_length: null as number | null | undefined,
  stride: 0,
  is_split_into_words: false,
  pad_to_multiple_of: null as number | null | undefined,
  padding_side: "right" as Side,
  truncation_side: "right" as Side,
  return_tensors: false,
  return_token_type_ids: null as boolean | null | undefined,
  return_attention_mask: null as boolean | null | undefined,
  return_overflowing_tokens: false,
  return_special_tokens_mask: false,
  return_offsets_mapping: false,
  return_length: false,
  offset_unit: "code_point" as "code_point" | "utf16",
  split_special_tokens: false,
  verbose: true,
};

/** The options of a call, checked and complete. */
export type ResolvedCall = Omit<typeof CALL_DEFAULTS, "padding" | "truncation"> & {
  padding: PaddingStrategy;
  truncation: TruncationStrategy;
};

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  padding: ["longest", "max_length", "do_not_pad"],
  truncation: ["longest_first", "only_first", "only_second", "do_not_truncate"],
  padding_side: ["left", "right"],
  truncation_side: ["left", "right"],
  offset_unit: ["code_point", "utf16"],
};

const warned = new Set<string>();

/** Writes a warning to the console, each once a process. */
export function warnOnce(message: string): void {
  if (!warned.has(message)) console.warn(message);
  warned.add(message);
}

const NUMBERS = ["max_length", "stride", "pad_to_multiple_of"];

type Check = (name: string, value: unknown) => void;

function checkNumber(name: string, value: unknown): void {
  const number = value ?? 0;
  if (!Number.isSafeInteger(number) || (number as number) < 0)
    throw invalidOption(name, `${describe(value)} is no whole number from 0 on`);
}

function checkFlag(name: string, value: unknown): void {
  if (value != null && typeof value !== "boolean")
    throw invalidOption(name, `${describe(value)} is neither true nor false`);
}

function checkChoice(name: string, value: unknown): void {
  if (CHOICES[name]!.includes(value)) return;
  throw invalidOption(name, `${describe(value)} is none of ${CHOICES[name]}`);
}

/** What each option is held to as it is given; false for those that are looked at together. */
const CHECKS: Record<string, Check | false | undefined> = Object.create(null);
for (const name in CALL_DEFAULTS)
  CHECKS[name] = NUMBERS.includes(name)
    ? checkNumber
    : !["text_pair", "padding", "truncation"].includes(name) && (name in CHOICES ? checkChoice : checkFlag);

/** Checks a call's options and fills them (`_get_padding_truncation_strategies` of the reference). */
export function resolveCall(options: CallOptions, defaults: CallDefaults): ResolvedCall {
  const { modelMaxLength, hasPadToken, padding_side, truncation_side, split_special_tokens } = defaults;
  const call: ResolvedCall = { ...CALL_DEFAULTS, padding_side, truncation_side, split_special_tokens } as never;
  // These are plain properties of a tokenizer, which anything may have been assigned to.
  checkChoice("padding_side", padding_side);
  checkChoice("truncation_side", truncation_side);
  if (typeof modelMaxLength !== "number" || !(modelMaxLength > 0))
    throw invalidOption("model_max_length", `${describe(modelMaxLength)}; expected a number above 0`);
  if (typeof options !== "object" || !options || Array.isArray(options)) checkNames(options, CALL_DEFAULTS);
  // Only what is given is looked at: a call on a short text must not cost more than the text.
  for (const name in options) {
    const check = CHECKS[name];
    if (check === undefined) checkNames(options, CALL_DEFAULTS);
    const value = options[name as keyof CallOptions];
    if (value === undefined) continue;
    (call as Record<string, unknown>)[name] = value;
    if (check) check(name, value);
  }
  const implied = call.max_length != null && !call.padding && call.truncation == null;
  call.padding = (call.padding as unknown) === true ? "longest" : call.padding || "do_not_pad";
  call.truncation =
    implied || (call.truncation as unknown) === true ? "longest_first" : call.truncation || "do_not_truncate";
  checkChoice("padding", call.padding);
  checkChoice("truncation", call.truncation);
  const warn = (message: string): void => {
    if (call.verbose) warnOnce(message);
  };
  if (implied) warn("`max_length` without `truncation` truncates: pass `truncation: true` to say so");
  const pads = call.padding !== "do_not_pad";
  const truncates = call.truncation !== "do_not_truncate";
  if (call.max_length == null && (truncates || call.padding === "max_length")) {
    // The reference writes 10^30 where no length is known.
    if (modelMaxLength <= 1e20) call.max_length = modelMaxLength;
    else {
      warn("neither max_length nor modelMaxLength is known: no truncation or padding to it");
      call.truncation = "do_not_truncate";
      if (call.padding === "max_length") call.padding = "do_not_pad";
    }
  }
  if (call.padding !== "do_not_pad" && !hasPadToken) {
    throw new TokenizerError(
      "missing-token",
      "Asking to pad but the tokenizer does not have a padding token: set padToken",
    );
  }
  const { max_length, pad_to_multiple_of } = call;
  if (pads && call.truncation !== "do_not_truncate" && pad_to_multiple_of && (max_length ?? 0) % pad_to_multiple_of) {
    throw new TokenizerError(
      "invalid-option",
      `Truncation and padding are both activated but truncation length (${max_length}) is not a multiple of pad_to_multiple_of (${pad_to_multiple_of}).`,
      { max_length, pad_to_multiple_of },
    );
  }
  return call;
}
