import { describe, invalidOption, TokenizerError } from "./errors.js";

/** A token beside the vocabulary, found in the text before anything else looks at it. Field names as in tokenizer.json. */
export interface AddedToken {
  readonly content: string;
  /** Match only where no word character touches it. */
  readonly single_word: boolean;
  /** Take in the white space on its left. */
  readonly lstrip: boolean;
  /** Take in the white space on its right. */
  readonly rstrip: boolean;
  /** Match the normalized text, in the normalized form of `content`, instead of the text as it is. */
  readonly normalized: boolean;
  /** Leave out when decoding with `skip_special_tokens`. */
  readonly special: boolean;
}

/** An added token as users give it: text, or any of the fields. */
export type AddedTokenInput = string | (Partial<AddedToken> & { readonly content: string });

const FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"] as const;

/**
 * Fills what is not given; `normalized` is on by default except for special tokens.
 * @param isSpecial whether it is one, whatever the token says.
 * @throws TokenizerError `invalid-input` for what is no token.
 */
export function makeAddedToken(token: AddedTokenInput, isSpecial?: boolean): AddedToken {
  const given: Exclude<AddedTokenInput, string> = typeof token === "string" ? { content: token } : token;
  if (typeof given?.content !== "string")
    throw new TokenizerError(
      "invalid-input",
      `a token is ${describe(token)}; expected a string, or an object with content`,
    );
  for (const flag of FLAGS) {
    if (typeof (given[flag] ?? false) !== "boolean")
      throw new TokenizerError(
        "invalid-input",
        `${flag} of a token is ${describe(given[flag])}; expected true or false`,
      );
  }
  const special = isSpecial ?? given.special ?? false;
  return {
    content: given.content,
    single_word: given.single_word ?? false,
    lstrip: given.lstrip ?? false,
    rstrip: given.rstrip ?? false,
    normalized: given.normalized ?? !special,
    special,
  };
}

/** Characters of all added tokens together: more than any real tokenizer has, and as much as may be kept ready to be found. */
const MOST_CHARACTERS = 1 << 20;

/** @throws TokenizerError `invalid-input` where added tokens have more characters than can be looked for. */
export function checkTotal(characters: number): void {
  if (characters > MOST_CHARACTERS)
    throw new TokenizerError(
      "invalid-input",
      `added tokens have more than ${MOST_CHARACTERS} characters in all; words belong into the vocabulary`,
      { characters },
    );
}

/** Whether a number can be the id of an added token. */
export const isTokenId = (id: unknown): id is number =>
  Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31;

/**
 * Tokens with the ids that were recorded for them, in the order of the ids.
 * @throws TokenizerError `invalid-option` for an id that is none, `invalid-input` for what is no token.
 */
export function readRecorded(
  decoder: Readonly<Record<string, AddedTokenInput>> | null | undefined,
): [id: number, token: AddedToken][] {
  const entries = Object.entries(decoder ?? {}).map(([key, token]): [number, AddedToken] => {
    const id = key.trim() ? Number(key) : -1;
    if (!isTokenId(id)) throw invalidOption("added_tokens_decoder", `${describe(key)} is no token id`);
    return [id, makeAddedToken(token)];
  });
  return entries.sort(([a], [b]) => a - b);
}
