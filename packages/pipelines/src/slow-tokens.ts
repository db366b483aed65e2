import type { ConvBertTokenizer } from "@convbert/tokenizer";
import type { TokenRow } from "./schedule.js";

/** A stretch of a text that is tokenized by itself. */
export interface PlacedWord {
  readonly text: string;
  /** Its offset in the whole text in UTF-16 units. */
  readonly start: number;
}

/** A token of a slow tokenizer with what can be known of its offsets. */
export interface PlacedToken {
  readonly id: number;
  readonly token: string;
  /** Offsets in the text; those of the whole word where normalizing changed its letters. */
  readonly start: number;
  readonly end: number;
  /** Index of its word among those that were given. */
  readonly word: number;
  /** Whether it continues the token before it: WordPiece writes these with `##`. */
  readonly continues: boolean;
}

/** The words of a text that white space parts; the reference takes a context apart so for its slow tokenizers. */
export function wordsIn(text: string): PlacedWord[] {
  return Array.from(text.matchAll(/\S+/gu), ({ 0: word, index }) => ({ text: word, start: index }));
}

/** Tokenizes word by word, since the slow tokenizer says nothing about offsets. */
export function placedTokens(tokenizer: ConvBertTokenizer, words: readonly PlacedWord[]): PlacedToken[] {
  return words.flatMap(({ text, start }, word) => {
    const lower = text.toLowerCase();
    const letters = lower.length === text.length ? lower : text;
    let at: number | null = 0;
    return tokenizer.tokenize(text).map((token): PlacedToken => {
      const continues = token.startsWith("##");
      const piece = continues ? token.slice(2) : token;
      const id = tokenizer.convertTokensToIds(token);
      const found: number | null = at;
      const isHere: boolean = found !== null && (letters.startsWith(piece, found) || text.startsWith(piece, found));
      at = isHere ? found! + piece.length : null;
      const offsets = isHere ? { start: start + found!, end: start + at! } : { start, end: start + text.length };
      return { id, token, word, continues, ...offsets };
    });
  });
}

/** Tokens in windows of `room`, each of which repeats `overlap` tokens of the one before it. */
export function windowsOf<Item>(items: readonly Item[], room: number, overlap: number): (readonly Item[])[] {
  const windows: (readonly Item[])[] = [];
  let from = 0;
  do {
    windows.push(items.slice(from, from + room));
    from += room - overlap;
  } while (from + overlap < items.length);
  return windows;
}

/** `[CLS] A [SEP]`, or `[CLS] A [SEP] B [SEP]`, as a row. */
export function rowOf(
  tokenizer: ConvBertTokenizer,
  first: readonly number[],
  second: readonly number[] | null,
): TokenRow {
  return {
    ids: tokenizer.buildInputsWithSpecialTokens(first, second),
    typeIds: tokenizer.createTokenTypeIdsFromSequences(first, second),
  };
}
