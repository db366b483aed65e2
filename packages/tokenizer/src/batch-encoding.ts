import type { Encoding, Span } from "./encoding.js";
import { TokenizerError } from "./errors.js";

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
  /** Place of each token, [start, end]; a tensor of shape [rows, length, 2] would say the same, so this stays a list. */
  offset_mapping?: Span[] | Span[][];
  length?: number | number[];
  /** Sample that each row is a window of. */
  overflow_to_sample_mapping?: number[];
  /** Slow tokenizer: what truncation cut off. */
  overflowing_tokens?: number[] | number[][];
  num_truncated_tokens?: number | number[];
}

export interface BatchEncoding<T extends FieldValue = FieldValue> extends BatchFields<T> {}

/**
 * What a call returns. The fields are own properties, so `{ ...batch }` hands them to a model; the methods look into the
 * rows of a fast tokenizer, and take the row first where there are several: `charToToken(row, char, sequence)`.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the fields are assigned from `fields` in the constructor
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
    return this.#encode !== undefined;
  }

  /** Every row in full, overflowing windows included where they were asked for. */
  get encodings(): readonly Encoding[] {
    if (!this.#encode) {
      throw new TokenizerError(
        "not-available",
        "places and words are not available from the slow tokenizer; use ConvBertTokenizerFast",
      );
    }
    this.#encodings ??= this.#encode();
    return this.#encodings;
  }

  /** Number of sequences in each row: 1, or 2 for pairs. */
  get nSequences(): number | undefined {
    return this.#encode && this.encodings[0]?.nSequences;
  }

  tokens(row = 0): readonly string[] {
    return this.#row(row).tokens;
  }

  wordIds(row = 0): readonly (number | null)[] {
    return this.#row(row).wordIds;
  }

  sequenceIds(row = 0): (number | null)[] {
    return this.#row(row).sequenceIds;
  }

  /** `(token)` in the only row or `(row, token)`; negative indices count from the end. */
  tokenToSequence(rowOrToken: number, token?: number): number | null {
    const [row, index] = this.#locate(rowOrToken, token);
    return row.tokenToSequence(index);
  }

  tokenToWord(rowOrToken: number, token?: number): number | null {
    const [row, index] = this.#locate(rowOrToken, token);
    return row.tokenToWord(index);
  }

  tokenToChars(rowOrToken: number, token?: number): Span | null {
    const [row, index] = this.#locate(rowOrToken, token);
    return row.tokenToChars(index);
  }

  wordToTokens(rowOrWord: number, word?: number, sequence = 0): Span | null {
    return word === undefined
      ? this.#row(0).wordToTokens(rowOrWord, sequence)
      : this.#row(rowOrWord).wordToTokens(word, sequence);
  }

  wordToChars(rowOrWord: number, word?: number, sequence = 0): Span | null {
    return word === undefined
      ? this.#row(0).wordToChars(rowOrWord, sequence)
      : this.#row(rowOrWord).wordToChars(word, sequence);
  }

  charToToken(rowOrChar: number, char?: number, sequence = 0): number | null {
    return char === undefined
      ? this.#row(0).charToToken(rowOrChar, sequence)
      : this.#row(rowOrChar).charToToken(char, sequence);
  }

  charToWord(rowOrChar: number, char?: number, sequence = 0): number | null {
    return char === undefined
      ? this.#row(0).charToWord(rowOrChar, sequence)
      : this.#row(rowOrChar).charToWord(char, sequence);
  }

  #locate(rowOrToken: number, token: number | undefined): readonly [Encoding, number] {
    const row = this.#row(token === undefined ? 0 : rowOrToken);
    const index = token ?? rowOrToken;
    return [row, index < 0 ? index + row.length : index];
  }

  #row(index: number): Encoding {
    const row = this.encodings.at(index);
    if (row) return row;
    throw new TokenizerError("invalid-input", `row ${index} is not there: the batch has ${this.encodings.length}`, {
      index,
    });
  }
}
