import type { Encoding, Span } from "./encoding.js";
import { describe, TokenizerError } from "./errors.js";

/** Rows of equal length in one array, row after row. */
export interface IntTensor {
  readonly data: Int32Array;
  readonly shape: readonly [rows: number, length: number];
}

/** A field of a batch: one row, rows, or all rows in one array. */
export type FieldValue = number[] | number[][] | IntTensor;

/** The fields of a batch by the reference's names. Absent ones were not asked for. */
export interface BatchFields<T extends FieldValue = FieldValue> {
  input_ids: T;
  token_type_ids?: T;
  attention_mask?: T;
  special_tokens_mask?: T;
  /** Offsets of each token, always as lists. */
  offset_mapping?: Span[] | Span[][];
  length?: number | number[];
  /** Sample that each row is a window of. */
  overflow_to_sample_mapping?: number[];
  /** Slow tokenizer: what truncation cut off. */
  overflowing_tokens?: number[] | number[][];
  num_truncated_tokens?: number | number[];
}

/**
 * Questions to the rows of a fast tokenizer; where there are several, the row comes first, and a second sequence of a pair is
 * asked for by `sequence` 1. Negative tokens count from the end. Each throws a TokenizerError: `invalid-input` for a row that
 * is not there or what is no whole number, `not-available` from the slow tokenizer.
 */
export interface BatchEncoding<T extends FieldValue = FieldValue> extends BatchFields<T> {
  /** @returns the sequence that a token is of, 0 or 1; null for special tokens and padding. */
  tokenToSequence(token: number): number | null;
  tokenToSequence(row: number, token: number): number | null;
  /** @returns the word that a token is part of; null where it is part of none. */
  tokenToWord(token: number): number | null;
  tokenToWord(row: number, token: number): number | null;
  /** @returns the offsets of a token in its sequence; null for special tokens. */
  tokenToChars(token: number): Span | null;
  tokenToChars(row: number, token: number): Span | null;
  /** @returns first token of a word and the token after its last; null where the word has none. */
  wordToTokens(word: number): Span | null;
  wordToTokens(row: number, word: number, sequence?: number): Span | null;
  /** @returns the offsets of a word in its sequence; null where the word has no tokens. */
  wordToChars(word: number): Span | null;
  wordToChars(row: number, word: number, sequence?: number): Span | null;
  /** @returns the token that covers a character; null for white space and what the tokenizer dropped. */
  charToToken(char: number): number | null;
  charToToken(row: number, char: number, sequence?: number): number | null;
  /** @returns the word that covers a character; null where none does. */
  charToWord(char: number): number | null;
  charToWord(row: number, char: number, sequence?: number): number | null;
}

/**
 * What a call returns. The fields are own properties, so `{ ...batch }` hands them to a model; offsets and words of a fast
 * tokenizer's tokens are worked out when someone asks for them.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor assigns the fields, the loop below makes the methods
export class BatchEncoding<T extends FieldValue = FieldValue> {
  readonly #encode: (() => readonly Encoding[]) | undefined;
  #encodings: readonly Encoding[] | undefined;

  /** @param encode makes the rows in full when someone asks for them; absent for the slow tokenizer. */
  constructor(fields: BatchFields<T>, encode?: () => readonly Encoding[]) {
    Object.assign(this, fields);
    this.#encode = encode;
  }

  /** Whether the rows are known in full: true for the fast tokenizer. */
  get isFast(): boolean {
    return !!this.#encode;
  }

  /**
   * Every row in full, overflowing windows included where they were asked for.
   * @throws TokenizerError `not-available` from the slow tokenizer.
   */
  get encodings(): readonly Encoding[] {
    if (!this.#encode) {
      throw new TokenizerError(
        "not-available",
        "offsets and words are not available from the slow tokenizer; use ConvBertTokenizerFast",
      );
    }
    this.#encodings ??= this.#encode();
    return this.#encodings;
  }

  /** Number of sequences in each row: 1, or 2 for pairs. */
  get nSequences(): number | undefined {
    return this.#encode && this.encodings[0]?.nSequences;
  }

  /** @returns the tokens of a row. @throws as {@link row}. */
  tokens(row = 0): readonly string[] {
    return this.row(row).tokens;
  }

  /** @returns the word of each token of a row, null for special tokens. @throws as {@link row}. */
  wordIds(row = 0): readonly (number | null)[] {
    return this.row(row).wordIds;
  }

  /** @returns the sequence of each token of a row, null for special tokens. @throws as {@link row}. */
  sequenceIds(row = 0): (number | null)[] {
    return this.row(row).sequenceIds;
  }

  /**
   * One row in full; negative indices count from the end.
   * @throws TokenizerError `invalid-input` for a row that is not there, `not-available` from the slow tokenizer.
   */
  row(index: number): Encoding {
    const row = Number.isInteger(index) ? this.encodings.at(index) : undefined;
    if (row) return row;
    throw new TokenizerError(
      "invalid-input",
      `row ${typeof index === "number" ? index : describe(index)} is not there: the batch has ${this.encodings.length}`,
      {
        index,
      },
    );
  }
}

const QUESTIONS = [
  "tokenToSequence",
  "tokenToWord",
  "tokenToChars",
  "wordToTokens",
  "wordToChars",
  "charToToken",
  "charToWord",
] as const;
for (const question of QUESTIONS) {
  BatchEncoding.prototype[question] = function (
    this: BatchEncoding,
    rowOrIndex: number,
    index?: number,
    sequence?: number,
  ): never {
    const row = this.row(index === undefined ? 0 : rowOrIndex);
    const position = index ?? rowOrIndex;
    if (!Number.isInteger(position))
      throw new TokenizerError("invalid-input", `${question}: got ${describe(position)}; expected a whole number`);
    // As in Python, tokens are counted from the end where negative.
    return row[question](position < 0 && question[0] === "t" ? position + row.length : position, sequence) as never;
  };
}
