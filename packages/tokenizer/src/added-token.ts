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

/** Fills what is not given; `normalized` is on by default except for special tokens. */
export function makeAddedToken(token: AddedTokenInput): AddedToken {
  const given: Exclude<AddedTokenInput, string> = typeof token === "string" ? { content: token } : token;
  const special = given.special ?? false;
  return {
    content: given.content,
    single_word: given.single_word ?? false,
    lstrip: given.lstrip ?? false,
    rstrip: given.rstrip ?? false,
    normalized: given.normalized ?? !special,
    special,
  };
}
