import { type AddedToken, type AddedTokenInput, makeAddedToken } from "./added-vocabulary.js";

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

/** The special tokens of one tokenizer. */
export class SpecialTokens {
  readonly named = new Map<SpecialTokenName, AddedToken>();
  additional: AddedToken[] = [];

  /** All of them once, as they are added to the vocabulary. */
  get all(): AddedToken[] {
    const byContent = new Map<string, AddedToken>();
    for (const name of SPECIAL_TOKEN_NAMES) {
      const token = this.named.get(name);
      if (token && !byContent.has(token.content)) byContent.set(token.content, token);
    }
    for (const token of this.additional) if (!byContent.has(token.content)) byContent.set(token.content, token);
    return [...byContent.values()];
  }

  set(name: SpecialTokenName, token: AddedTokenInput): void {
    this.named.set(
      name,
      makeAddedToken(typeof token === "string" ? { content: token, special: true } : { special: true, ...token }),
    );
  }

  /** Role and text of each, as in `special_tokens_map.json`. */
  get map(): Record<string, string | string[]> {
    const map: Record<string, string | string[]> = {};
    for (const name of SPECIAL_TOKEN_NAMES) {
      const token = this.named.get(name);
      if (token) map[name] = token.content;
    }
    if (this.additional.length > 0) map["additional_special_tokens"] = this.additional.map((token) => token.content);
    return map;
  }
}

/** "bos_token" as a property name: "bosToken". */
export function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
