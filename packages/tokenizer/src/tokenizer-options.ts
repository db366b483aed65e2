import type { AddedTokenInput } from "./added-token.js";
import { describe, invalidOption, TokenizerError } from "./errors.js";
import type { SpecialTokenOptions } from "./special-tokens.js";
import type { Side } from "./truncation.js";

/** Options of a tokenizer under the reference's names, as in `tokenizer_config.json`. Others are kept for saving. */
export interface TokenizerOptions extends SpecialTokenOptions {
  /** Default true. */
  readonly do_lower_case?: boolean;
  /** Slow tokenizer only: split at punctuation and clean before WordPiece. Default true. */
  readonly do_basic_tokenize?: boolean;
  /** Slow tokenizer only: words that are taken as they are. */
  readonly never_split?: readonly string[] | null;
  /** Default true. */
  readonly tokenize_chinese_chars?: boolean;
  /** Default: whatever `do_lower_case` says. */
  readonly strip_accents?: boolean | null;
  readonly model_max_length?: number | null;
  /** Older name of `model_max_length`. */
  readonly max_len?: number | null;
  readonly padding_side?: Side;
  readonly truncation_side?: Side;
  /** Default true. */
  readonly clean_up_tokenization_spaces?: boolean;
  readonly split_special_tokens?: boolean;
  readonly model_input_names?: readonly string[];
  /** Tokens beside the vocabulary, by id. */
  readonly added_tokens_decoder?: Readonly<Record<string, AddedTokenInput>>;
  readonly [name: string]: unknown;
}

/** A side, "right" where none is given. @throws TokenizerError `invalid-option` for anything else. */
export function readSide(name: string, value: unknown = "right"): Side {
  if (value === "right" || value === "left") return value;
  throw new TokenizerError("invalid-option", `${name} should be 'right' or 'left', current value: ${describe(value)}`, {
    [name]: value,
  });
}

const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");
const LISTS = ["never_split", "model_input_names"];
const FLAGS = [
  "do_lower_case",
  "do_basic_tokenize",
  "tokenize_chinese_chars",
  "strip_accents",
  "clean_up_tokenization_spaces",
  "split_special_tokens",
];

/**
 * Checks what a tokenizer is made with; options that it does not know are kept for saving.
 * @throws TokenizerError `invalid-option`.
 */
export function checkTokenizerOptions(options: TokenizerOptions): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new TokenizerError("invalid-option", `tokenizer: options are ${describe(options)}; expected an object`);
  const check = (name: string, expected: string, isRight: (value: unknown) => boolean): void => {
    const value = options[name];
    if (value != null && !isRight(value)) throw invalidOption(name, `${describe(value)}; expected ${expected}`);
  };
  for (const name of LISTS) check(name, "a list of strings", isStrings);
  for (const name of FLAGS) check(name, "true or false", (value) => typeof value === "boolean");
  for (const name of ["model_max_length", "max_len"])
    check(name, "a number above 0", (value) => typeof value === "number" && value > 0);
  check("additional_special_tokens", "a list of tokens", Array.isArray);
  check("added_tokens_decoder", "tokens by id", (value) => typeof value === "object" && !Array.isArray(value));
}
