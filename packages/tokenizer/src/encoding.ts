/** Begin and end of a stretch, end excluded. */
export type Span = readonly [start: number, end: number];

/** What an {@link Encoding} is made of. */
export interface EncodingFields {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly tokens: readonly string[];
  readonly offsets: readonly Span[];
  readonly wordIds: readonly (number | null)[];
  readonly specialTokensMask: readonly number[];
  readonly attentionMask: readonly number[];
  readonly sequenceRanges: readonly Span[];
}

/**
 * One row of a batch in full: every token with its text, its offsets and its word (the reference's `Encoding`).
 * Offsets are in the unit that was asked for: code points by default, as in Python, or UTF-16 units as in JavaScript.
 */
export class Encoding implements EncodingFields {
  declare readonly ids: readonly number[];
  declare readonly typeIds: readonly number[];
  declare readonly tokens: readonly string[];
  /** Offsets of each token in its sequence; [0, 0] for special tokens and padding. */
  declare readonly offsets: readonly Span[];
  /** Word of each token: counted by the tokenizer, or the index of the given word; null for special tokens. */
  declare readonly wordIds: readonly (number | null)[];
  declare readonly specialTokensMask: readonly number[];
  declare readonly attentionMask: readonly number[];
  /** Tokens of each sequence, special tokens left out. */
  declare readonly sequenceRanges: readonly Span[];
  /** The further windows, where truncation cut some off. */
  readonly overflowing: Encoding[] = [];

  constructor(fields: EncodingFields) {
    Object.assign(this, fields);
  }

  get length(): number {
    return this.ids.length;
  }

  /** Number of sequences: 1, or 2 for a pair. */
  get nSequences(): number {
    return this.sequenceRanges.length;
  }

  /** Sequence of each token: 0, 1, or null for special tokens. */
  get sequenceIds(): (number | null)[] {
    return this.ids.map((_, token) => this.tokenToSequence(token));
  }

  /** The sequence a token is of; null for special tokens, padding and tokens that do not exist. */
  tokenToSequence(token: number): number | null {
    const sequence = this.sequenceRanges.findIndex(([from, to]) => token >= from && token < to);
    return sequence < 0 ? null : sequence;
  }

  /** The word a token is part of; null where it is part of none. */
  tokenToWord(token: number): number | null {
    return this.tokenToSequence(token) === null ? null : (this.wordIds[token] ?? null);
  }

  /** The offsets of a token in its sequence; null for special tokens. */
  tokenToChars(token: number): Span | null {
    return this.tokenToSequence(token) === null ? null : (this.offsets[token] ?? null);
  }

  /** First token of a word and the token after its last; null where the word has none. */
  wordToTokens(word: number, sequence = 0): Span | null {
    const [from, to] = this.#rangeOf(sequence);
    let first = -1;
    let last = -1;
    // Words only grow along a sequence.
    for (let token = from; token < to && (this.wordIds[token] ?? -1) <= word; token++) {
      if (this.wordIds[token] !== word) continue;
      if (first < 0) first = token;
      last = token;
    }
    return first < 0 ? null : [first, last + 1];
  }

  /** The offsets of a word in its sequence; null where the word has no tokens. */
  wordToChars(word: number, sequence = 0): Span | null {
    const span = this.wordToTokens(word, sequence);
    return span && [this.offsets[span[0]]![0], this.offsets[span[1] - 1]![1]];
  }

  /** The token that covers a character; null for white space and what the tokenizer dropped. */
  charToToken(char: number, sequence = 0): number | null {
    const [from, to] = this.#rangeOf(sequence);
    for (let token = from; token < to; token++) {
      const [start, end] = this.offsets[token]!;
      if (char >= start && char < end) return token;
    }
    return null;
  }

  /** The word that covers a character. */
  charToWord(char: number, sequence = 0): number | null {
    const token = this.charToToken(char, sequence);
    return token === null ? null : this.tokenToWord(token);
  }

  // The reference takes the whole row for a sequence that is not there.
  #rangeOf(sequence: number): Span {
    return this.sequenceRanges[sequence] ?? [0, this.ids.length];
  }
}
