import { type AddedToken, type AddedTokenInput, makeAddedToken } from "./added-token.js";

/** Roles that a special token can have, in the order in which the reference adds them to a vocabulary. */
export const SPECIAL_TOKEN_NAMES = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

/** What the reference's classes take where nothing is said. */
export const DEFAULT_SPECIAL_TOKENS = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

export type SpecialTokenName = (typeof SPECIAL_TOKEN_NAMES)[number];

/** Special tokens by role, as options of a tokenizer and of `addSpecialTokens`. */
export type SpecialTokenOptions = { readonly [name in SpecialTokenName]?: AddedTokenInput | null } & {
  readonly additional_special_tokens?: readonly AddedTokenInput[] | null;
};

/**
 * Fills in whether a special token that is given to a new tokenizer matches normalized text, where it does not say: as in
 * the reference, never for the slow one, and for the fast one unless it calls itself special.
 */
export function fillNormalized(token: AddedTokenInput, isFast: boolean): AddedTokenInput {
  if (typeof token !== "object" || token?.normalized !== undefined) return token;
  return { ...token, normalized: isFast && !token?.special };
}

/** The special tokens of one tokenizer. */
export class SpecialTokens {
  readonly named = new Map<SpecialTokenName, AddedToken>();
  additional: AddedToken[] = [];

  /** All of them once, as they are added to the vocabulary. */
  get all(): AddedToken[] {
    const tokens = [...SPECIAL_TOKEN_NAMES.flatMap((name) => this.named.get(name) ?? []), ...this.additional];
    const known = new Set<string>();
    return tokens.filter(({ content }) => !known.has(content) && known.add(content));
  }

  set(name: SpecialTokenName, token: AddedTokenInput): void {
    this.named.set(name, makeAddedToken(token, (token as Partial<AddedToken>)?.special ?? true));
  }

  /** Role and text of each, as in `special_tokens_map.json`. */
  get map(): Record<string, string | string[]> {
    const roles = SPECIAL_TOKEN_NAMES.filter((name) => this.named.has(name)).map((name) => [
      name,
      this.named.get(name)!.content,
    ]);
    const additional = this.additional.map((token) => token.content);
    return Object.fromEntries(additional.length > 0 ? [...roles, ["additional_special_tokens", additional]] : roles);
  }
}

/** "bos_token" as a property name: "bosToken". */
export function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
