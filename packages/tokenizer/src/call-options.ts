import { TokenizerError } from "./errors.js";
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
  readonly add_special_tokens?: boolean;
  /** true or "longest": to the longest row; "max_length": to `max_length`, or else what the model takes. Default false. */
  readonly padding?: boolean | PaddingStrategy;
  /** true or "longest_first", "only_first", "only_second". Default false; on where only `max_length` is given. */
  readonly truncation?: boolean | TruncationStrategy | null;
  /** Tokens of a row at most, special ones included. Default: what the model takes. */
  readonly max_length?: number | null;
  /** Tokens that an overflowing window repeats from the one before it. Default 0. */
  readonly stride?: number;
  /** The texts are lists of words. */
  readonly is_split_into_words?: boolean;
  /** Pad to a multiple of this many tokens. */
  readonly pad_to_multiple_of?: number | null;
  readonly padding_side?: Side;
  readonly truncation_side?: Side;
  /** Rows in one typed array each field, `{ data: Int32Array, shape: [rows, length] }`, also for a single text. */
  readonly return_tensors?: boolean;
  readonly return_token_type_ids?: boolean | null;
  readonly return_attention_mask?: boolean | null;
  /** Keep what truncation cuts off: as further rows (fast), or as `overflowing_tokens` (slow). */
  readonly return_overflowing_tokens?: boolean;
  readonly return_special_tokens_mask?: boolean;
  /** `offset_mapping`: the place of each token in its text. Fast tokenizer only. */
  readonly return_offsets_mapping?: boolean;
  readonly return_length?: boolean;
  /** What places count: code points as in the reference, or UTF-16 units as `String.prototype.slice` does. */
  readonly offset_unit?: "code_point" | "utf16";
  /** Slow tokenizer only: special tokens in the text are split like any other. */
  readonly split_special_tokens?: boolean;
  /** Warn on the console where the reference does. Default true. */
  readonly verbose?: boolean;
}

/** The options of a call, checked and complete. */
export interface ResolvedCall {
  readonly add_special_tokens: boolean;
  readonly padding: PaddingStrategy;
  readonly truncation: TruncationStrategy;
  readonly max_length: number | undefined;
  readonly stride: number;
  readonly is_split_into_words: boolean;
  readonly pad_to_multiple_of: number | undefined;
  readonly padding_side: Side;
  readonly truncation_side: Side;
  readonly return_tensors: boolean;
  readonly return_token_type_ids: boolean | undefined;
  readonly return_attention_mask: boolean | undefined;
  readonly return_overflowing_tokens: boolean;
  readonly return_special_tokens_mask: boolean;
  readonly return_offsets_mapping: boolean;
  readonly return_length: boolean;
  readonly offset_unit: "code_point" | "utf16";
  readonly split_special_tokens: boolean;
  readonly verbose: boolean;
}

/** What a call takes from its tokenizer. */
export interface CallDefaults {
  readonly modelMaxLength: number;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly splitSpecialTokens: boolean;
  readonly hasPadToken: boolean;
}

/** Any length above is "no limit": the reference writes 10^30 where none is known. */
const LARGE = 1e20;

const NAMES = new Set(
  (
    "text_pair add_special_tokens padding truncation max_length stride is_split_into_words pad_to_multiple_of " +
    "padding_side truncation_side return_tensors return_token_type_ids return_attention_mask " +
    "return_overflowing_tokens return_special_tokens_mask return_offsets_mapping return_length offset_unit " +
    "split_special_tokens verbose"
  ).split(" "),
);

const warned = new Set<string>();

/** Writes a warning to the console, each once a process. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(message);
}

/** Checks a call's options and fills them (`_get_padding_truncation_strategies` of the reference). */
export function resolveCall(options: CallOptions, defaults: CallDefaults): ResolvedCall {
  for (const name in options) if (!NAMES.has(name)) throw invalid(name, "unknown option", "check its spelling");
  const verbose = options.verbose ?? true;
  const multiple = count(options, "pad_to_multiple_of") || undefined;
  let maxLength = count(options, "max_length");
  let padding = options.padding === true ? "longest" : options.padding || "do_not_pad";
  let truncation = options.truncation === true ? "longest_first" : options.truncation || "do_not_truncate";
  choice("padding", padding, ["longest", "max_length", "do_not_pad"]);
  choice("truncation", truncation, ["longest_first", "only_first", "only_second", "do_not_truncate"]);
  if (maxLength !== undefined && !options.padding && options.truncation == null) {
    truncation = "longest_first";
    if (verbose) {
      warnOnce("Truncation was not explicitly activated but `max_length` is given: pass `truncation: true` to say so.");
    }
  }
  if (maxLength === undefined) {
    const limited = defaults.modelMaxLength <= LARGE;
    if (limited && (padding === "max_length" || truncation !== "do_not_truncate")) maxLength = defaults.modelMaxLength;
    if (!limited && padding === "max_length") {
      padding = "do_not_pad";
      if (verbose) warnOnce("Asking to pad to max_length but none is given and the model has none: no padding.");
    }
    if (!limited && truncation !== "do_not_truncate") {
      truncation = "do_not_truncate";
      if (verbose)
        warnOnce("Asking to truncate to max_length but none is given and the model has none: no truncation.");
    }
  }
  if (padding !== "do_not_pad" && !defaults.hasPadToken) {
    throw new TokenizerError(
      "missing-token",
      "Asking to pad but the tokenizer does not have a padding token. Set `tokenizer.padToken` to a token of the vocabulary.",
    );
  }
  if (truncation !== "do_not_truncate" && padding !== "do_not_pad" && multiple && maxLength && maxLength % multiple) {
    throw new TokenizerError(
      "invalid-option",
      `Truncation and padding are both activated but truncation length (${maxLength}) is not a multiple of pad_to_multiple_of (${multiple}).`,
      { max_length: maxLength, pad_to_multiple_of: multiple },
    );
  }
  const sides = ["left", "right"] as const;
  return {
    add_special_tokens: options.add_special_tokens ?? true,
    padding,
    truncation,
    max_length: maxLength,
    stride: count(options, "stride") ?? 0,
    is_split_into_words: options.is_split_into_words ?? false,
    pad_to_multiple_of: multiple,
    padding_side: choice("padding_side", options.padding_side ?? defaults.paddingSide, sides),
    truncation_side: choice("truncation_side", options.truncation_side ?? defaults.truncationSide, sides),
    return_tensors: Boolean(options.return_tensors),
    return_token_type_ids: options.return_token_type_ids ?? undefined,
    return_attention_mask: options.return_attention_mask ?? undefined,
    return_overflowing_tokens: options.return_overflowing_tokens ?? false,
    return_special_tokens_mask: options.return_special_tokens_mask ?? false,
    return_offsets_mapping: options.return_offsets_mapping ?? false,
    return_length: options.return_length ?? false,
    offset_unit: choice("offset_unit", options.offset_unit ?? "code_point", ["code_point", "utf16"] as const),
    split_special_tokens: options.split_special_tokens ?? defaults.splitSpecialTokens,
    verbose,
  };
}

function count(options: CallOptions, name: "max_length" | "stride" | "pad_to_multiple_of"): number | undefined {
  const value = options[name] ?? undefined;
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw invalid(name, `got ${JSON.stringify(value)}`, "give a whole number, 0 or more");
}

function choice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw invalid(name, `got ${JSON.stringify(value)}`, `choose one of ${choices.join(", ")}`);
}

function invalid(option: string, what: string, fix: string): TokenizerError {
  return new TokenizerError("invalid-option", `tokenizer option ${option}: ${what}; ${fix}`, { option });
}
