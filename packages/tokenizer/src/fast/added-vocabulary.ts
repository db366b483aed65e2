import { type AddedToken, checkTotal, isTokenId } from "../added-token.js";
import { TokenMatcher } from "../token-matcher.js";
import { isRustWhitespace } from "../unicode/classes.js";
import { AlignedText } from "./aligned-text.js";
import type { Normalizer } from "./bert-normalizer.js";

/** A stretch of text: an added token's id, or -1 for text in between. */
export interface Split {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** Whether one of two texts has a word character where a token between them begins or ends. Costly to make: only when needed. */
let touchesWord: ((before: string, after: string) => boolean) | undefined;

function makeTouchesWord(): (before: string, after: string) => boolean {
  const word = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";
  const atEnd = new RegExp(`${word}$`, "u");
  const atStart = new RegExp(`^${word}`, "u");
  return (before, after) => atEnd.test(before) || atStart.test(after);
}

/** Added tokens as the Rust `AddedVocabulary` of tokenizers 0.14.1 keeps and finds them. Never changed: adding copies. */
export class AddedVocabulary {
  /** Ids by content. */
  declare readonly ids: ReadonlyMap<string, number>;
  /** Tokens by id. */
  declare readonly tokens: ReadonlyMap<number, AddedToken>;
  /** Contents of the special ones. */
  declare readonly special: ReadonlySet<string>;
  /** The special ones as they were first added, which is how the text is matched, whatever flags they were given later. */
  declare readonly specialList: readonly AddedToken[];
  // In the order in which they were added; a content may stand here twice.
  readonly #plainList: readonly AddedToken[];
  readonly #raw: TokenMatcher;
  readonly #normalized: TokenMatcher;

  private constructor(
    specialList: readonly AddedToken[],
    plainList: readonly AddedToken[],
    ids: ReadonlyMap<string, number>,
    tokens: ReadonlyMap<number, AddedToken>,
    normalizer: Normalizer | undefined,
  ) {
    this.specialList = specialList;
    this.#plainList = plainList;
    this.ids = ids;
    this.tokens = tokens;
    this.special = new Set(specialList.map((token) => token.content));
    const all = [...specialList, ...plainList];
    const idOf = (token: AddedToken): number => ids.get(token.content)!;
    checkTotal(all.reduce((sum, { content }) => sum + content.length, 0));
    this.#raw = new TokenMatcher(all.flatMap((token) => (token.normalized ? [] : [[token.content, idOf(token)]])));
    this.#normalized = new TokenMatcher(
      all.flatMap((token) => {
        if (!token.normalized) return [];
        const text = new AlignedText(token.content, 0, token.content.length);
        normalizer?.normalize(text);
        return [[text.toText(), idOf(token)]];
      }),
    );
  }

  static readonly empty: AddedVocabulary = new AddedVocabulary([], [], new Map(), new Map(), undefined);

  /** Whether some token matches the normalized text, so that the text must be normalized as a whole. */
  get needsNormalized(): boolean {
    return !this.#normalized.isEmpty;
  }

  /**
   * Adds tokens and counts those that were not there just so already. A token keeps the id that was recorded for it, whatever
   * the vocabulary says, since models were trained with it; another has that of the vocabulary, or else the one after the
   * highest in use.
   * @param idOf id in the model's vocabulary.
   * @param nextId the one after the vocabulary's highest.
   * @param recorded ids of the tokens where they are known; one that an added token has already does not count.
   */
  add(
    tokens: readonly AddedToken[],
    idOf: (token: string) => number | undefined,
    nextId: number,
    normalizer: Normalizer | undefined,
    recorded: readonly unknown[] = [],
  ): { readonly vocabulary: AddedVocabulary; readonly added: number } {
    const ids = new Map(this.ids);
    const byId = new Map(this.tokens);
    const specialList = [...this.specialList];
    const plainList = [...this.#plainList];
    const special = new Set(this.special);
    for (const token of tokens) {
      if (token.special && token.content && !special.has(token.content)) {
        specialList.push(token);
        special.add(token.content);
      }
    }
    let added = 0;
    let free = nextId;
    for (const id of [...ids.values(), ...recorded]) if (isTokenId(id) && id >= free) free = id + 1;
    for (const [i, token] of tokens.entries()) {
      const known = ids.get(token.content);
      if (!token.content || (known !== undefined && isSame(byId.get(known)!, token))) continue;
      added++;
      const own = recorded[i];
      const id = known ?? (isTokenId(own) && !byId.has(own) ? own : (idOf(token.content) ?? free++));
      ids.set(token.content, id);
      byId.set(id, token);
      if (!special.has(token.content)) plainList.push(token);
    }
    return { vocabulary: new AddedVocabulary(specialList, plainList, ids, byId, normalizer), added };
  }

  /** Splits a text at the added tokens that match normalized text, or at those that match raw text. */
  split(text: string, normalized: boolean): Split[] {
    const matcher = normalized ? this.#normalized : this.#raw;
    const splits: Split[] = [];
    let done = 0;
    let spaceEnd = 0;
    for (const match of matcher.matches(text)) {
      const token = this.tokens.get(match.id)!;
      let { from: start, to: stop } = match;
      if (token.single_word) {
        // One code point on either side decides.
        touchesWord ??= makeTouchesWord();
        if (touchesWord(text.slice(Math.max(0, start - 2), start), text.slice(stop, stop + 2))) continue;
      }
      if (token.lstrip) {
        // What a match before has taken in already is not taken again.
        while (start > done && isRustWhitespace(text.charCodeAt(start - 1))) start--;
        if (start < done) start = done;
      }
      if (token.rstrip) {
        if (stop < spaceEnd) stop = spaceEnd;
        while (stop < text.length && isRustWhitespace(text.charCodeAt(stop))) stop++;
        spaceEnd = stop;
      }
      if (start >= stop) continue;
      if (done < start) splits.push({ id: -1, from: done, to: start });
      splits.push({ id: match.id, from: start, to: stop });
      done = stop;
    }
    if (done < text.length) splits.push({ id: -1, from: done, to: text.length });
    return splits;
  }
}

const isSame = (a: AddedToken, b: AddedToken): boolean =>
  (Object.keys(a) as (keyof AddedToken)[]).every((field) => a[field] === b[field]);
