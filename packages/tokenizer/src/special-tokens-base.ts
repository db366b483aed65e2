import { type AddedToken, type AddedTokenInput, makeAddedToken } from "./added-token.js";
import { Callable } from "./callable.js";
import { checkNames, describe, TokenizerError } from "./errors.js";
import { readId } from "./ids.js";
import {
  camelCase,
  SPECIAL_TOKEN_NAMES,
  type SpecialTokenName,
  type SpecialTokenOptions,
  SpecialTokens,
} from "./special-tokens.js";

/**
 * Special tokens by role. Setting one changes the role, not the vocabulary; `undefined` takes it away. Setting an id gives
 * the role to the token of that id.
 */
export interface SpecialTokensBase {
  bosToken: string | undefined;
  eosToken: string | undefined;
  unkToken: string | undefined;
  sepToken: string | undefined;
  padToken: string | undefined;
  clsToken: string | undefined;
  maskToken: string | undefined;
  bosTokenId: number | undefined;
  eosTokenId: number | undefined;
  unkTokenId: number | undefined;
  sepTokenId: number | undefined;
  padTokenId: number | undefined;
  clsTokenId: number | undefined;
  maskTokenId: number | undefined;
}

/** Special and added tokens of a tokenizer (the reference's `SpecialTokensMixin`). */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the loop below makes the properties
export abstract class SpecialTokensBase extends Callable {
  protected readonly specials = new SpecialTokens();

  /** Whether this is the fast tokenizer. */
  abstract get isFast(): boolean;
  /** Added tokens by id. */
  abstract get addedTokensDecoder(): Map<number, AddedToken>;
  /** Adds tokens and says how many were not there so already. */
  protected abstract addTokenList(tokens: readonly AddedTokenInput[], special: boolean): number;
  protected abstract idOf(token: string): number | undefined;
  protected abstract tokenOf(id: number): string | undefined;

  /**
   * Ids of tokens; the unknown token's id for one that is not in the vocabulary.
   * @param tokens one token, or a list.
   * @returns an id, or a list of as many.
   * @throws TokenizerError `invalid-input` for what is no token, `missing-unknown-token` where one is not in the vocabulary
   * and the tokenizer has no unknown token.
   */
  convertTokensToIds(tokens: string): number;
  convertTokensToIds(tokens: readonly string[]): number[];
  convertTokensToIds(tokens: string | readonly string[]): number | number[] {
    if (Array.isArray(tokens)) return tokens.map((token) => this.#idOf(token));
    return this.#idOf(tokens as string);
  }

  #idOf(token: string): number {
    if (typeof token !== "string")
      throw new TokenizerError(
        "invalid-input",
        `tokenizer: got ${describe(token)}; expected a token or a list of tokens`,
      );
    const id = this.idOf(token) ?? this.unkTokenId;
    if (id !== undefined) return id;
    const shown = JSON.stringify(token.slice(0, 200));
    throw new TokenizerError(
      "missing-unknown-token",
      `${shown} is not in the vocabulary, and neither is the unk_token`,
      { token },
    );
  }

  /**
   * Adds tokens to the vocabulary. A new token's id is the one after the highest in use, so that `length` embeddings are
   * enough for all; one that the vocabulary has keeps its id and is from now on found in the text as it is.
   * @param tokens one or several, as text or with the fields of an {@link AddedToken}.
   * @param options `special`: `decode` leaves them out with `skip_special_tokens`.
   * @returns how many were not there so already.
   * @throws TokenizerError `invalid-input` for what is no token.
   */
  addTokens(
    tokens: AddedTokenInput | readonly AddedTokenInput[],
    options: { readonly special?: boolean } = {},
  ): number {
    checkNames(options, { special: 0 });
    const list: readonly AddedTokenInput[] = Array.isArray(tokens) ? tokens : [tokens];
    // All are looked at before any is added.
    for (const token of list) makeAddedToken(token);
    return this.addTokenList(list, options.special ?? false);
  }

  /**
   * Gives special tokens their roles, further additional ones included, and adds them to the vocabulary.
   * @param tokens by role, such as `{ cls_token: "<cls>", additional_special_tokens: ["<a>", "<b>"] }`.
   * @returns how many were not there so already.
   * @throws TokenizerError `invalid-option` for a role that does not exist, `invalid-input` for what is no token.
   */
  addSpecialTokens(tokens: SpecialTokenOptions): number {
    if (typeof tokens !== "object" || tokens === null || Array.isArray(tokens))
      throw new TokenizerError(
        "invalid-input",
        `tokenizer: special tokens are ${describe(tokens)}; expected an object`,
      );
    const known = new Set(this.additionalSpecialTokens);
    const added: AddedToken[] = [];
    const additional: AddedToken[] = [];
    const named: [SpecialTokenName, AddedToken][] = [];
    for (const [name, given] of Object.entries(tokens)) {
      if (given == null) continue;
      if (name === "additional_special_tokens") {
        for (const token of readTokens(given, strippingToken)) if (!known.has(token.content)) additional.push(token);
        added.push(...additional);
      } else {
        if (!SPECIAL_TOKEN_NAMES.includes(name as SpecialTokenName)) {
          throw new TokenizerError("invalid-option", `Key ${name.slice(0, 200)} is not a special token`, { name });
        }
        const token = strippingToken(given as AddedTokenInput);
        named.push([name as SpecialTokenName, token]);
        added.push(token);
      }
    }
    this.specials.additional.push(...additional);
    for (const [name, token] of named) this.specials.named.set(name, token);
    return this.addTokenList(added, true);
  }

  /** Special tokens without a role. Setting replaces the list; it adds nothing to the vocabulary. */
  get additionalSpecialTokens(): string[] {
    return this.specials.additional.map((token) => token.content);
  }

  set additionalSpecialTokens(tokens: readonly AddedTokenInput[]) {
    this.specials.additional = readTokens(tokens, strippingToken);
  }

  /** Their ids. Setting replaces the list by the tokens of these ids. */
  get additionalSpecialTokensIds(): number[] {
    return this.convertTokensToIds(this.additionalSpecialTokens);
  }

  set additionalSpecialTokensIds(ids: readonly number[]) {
    this.specials.additional = readTokens(ids, (id: number) => strippingToken(this.#tokenAt(id)));
  }

  /** Every special token once, those with a role first. */
  get allSpecialTokens(): string[] {
    return this.allSpecialTokensExtended.map((token) => token.content);
  }

  /** The same with all their fields. */
  get allSpecialTokensExtended(): AddedToken[] {
    return this.specials.all;
  }

  /** Ids of {@link allSpecialTokens}. */
  get allSpecialIds(): number[] {
    return this.convertTokensToIds(this.allSpecialTokens);
  }

  /** Special tokens by role, as in `special_tokens_map.json`. */
  get specialTokensMap(): Record<string, string | string[]> {
    return this.specials.map;
  }

  /** The same with all their fields. */
  get specialTokensMapExtended(): Record<string, AddedToken | AddedToken[]> {
    const { named, additional } = this.specials;
    const roles = SPECIAL_TOKEN_NAMES.flatMap((name) => (named.has(name) ? [[name, named.get(name)!]] : []));
    return Object.fromEntries(
      additional.length > 0 ? [...roles, ["additional_special_tokens", [...additional]]] : roles,
    );
  }

  /** Added tokens with their ids, in the order of the ids. */
  getAddedVocab(): Map<string, number> {
    return new Map([...this.addedTokensDecoder].map(([id, token]) => [token.content, id]));
  }

  /** The same as a property, under the reference's other name. */
  get addedTokensEncoder(): Map<string, number> {
    return this.getAddedVocab();
  }

  #tokenAt(id: number): string {
    const token = this.tokenOf(readId(id, this.isFast));
    // The slow tokenizer has the unknown token for every id.
    if (token !== undefined && this.idOf(token) === id) return token;
    throw new TokenizerError("invalid-input", `tokenizer: no token has the id ${id}`, { id });
  }

  /** @internal */
  protected setRole(name: SpecialTokenName, token: AddedTokenInput | null | undefined): void {
    if (token == null) this.specials.named.delete(name);
    else if (token === "") throw new TokenizerError("invalid-input", `Cannot set an empty string as the ${name}`);
    else this.specials.set(name, token);
  }

  /** @internal */
  protected setRoleId(name: SpecialTokenName, id: number | null | undefined): void {
    this.setRole(name, id == null ? id : this.#tokenAt(id));
  }
}

for (const name of SPECIAL_TOKEN_NAMES) {
  const property = camelCase(name);
  Object.defineProperties(SpecialTokensBase.prototype, {
    [property]: {
      get(this: SpecialTokensBase): string | undefined {
        return this["specials"].named.get(name)?.content;
      },
      set(this: SpecialTokensBase, token: AddedTokenInput | null | undefined) {
        this["setRole"](name, token);
      },
    },
    [`${property}Id`]: {
      get(this: SpecialTokensBase): number | undefined {
        const token = this["specials"].named.get(name);
        return token && this["idOf"](token.content);
      },
      set(this: SpecialTokensBase, id: number | null | undefined) {
        this["setRoleId"](name, id);
      },
    },
  });
}

/** A list of tokens out of what was given. @throws TokenizerError `invalid-input` where that is no list. */
export function readTokens<T>(list: unknown, read: (item: T) => AddedToken): AddedToken[] {
  if (!Array.isArray(list))
    throw new TokenizerError(
      "invalid-input",
      `additional_special_tokens is ${describe(list)}; expected a list of tokens`,
    );
  return list.map((item) => read(item));
}

/** A special token as the reference has it for old times' sake: strings take in the white space around them. */
export function strippingToken(token: AddedTokenInput): AddedToken {
  return typeof token === "string"
    ? makeAddedToken({ content: token, special: true, lstrip: true, rstrip: true })
    : makeAddedToken(token, true);
}
