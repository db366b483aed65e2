import { TokenizerError } from "./errors.js";
import type { Vocabulary } from "./vocabulary.js";

/** Base of the polynomial word hash: h(word + unit) = h(word) * BASE + unit, modulo 2^32. */
export const HASH_BASE = 0x01000193;

/**
 * WordPiece, longest match first. A word that is a token costs one look-up by the hash that is computed while its
 * characters are read. The pieces of another are found by the hashes of its parts, each made in constant time from
 * those of its prefixes, and no part longer than the longest token with the same two first units is tried: so the work
 * grows with the text, whatever the words.
 */
export class WordPieceModel {
  readonly vocabulary: Vocabulary;
  readonly unkToken: string;
  readonly continuingSubwordPrefix: string;
  /** Longer words become one unknown token. Counted in code points. */
  readonly maxInputCharsPerWord: number;
  /** Number of different tokens. */
  readonly size: number;
  /** Id of the unknown token, -1 where the vocabulary has none. */
  readonly unkId: number;
  readonly #whole: HashTable;
  readonly #inner: HashTable;
  // Hashes of the prefixes of the word in hand, and the powers of the base.
  #prefixes = new Int32Array(256);
  #powers = powersOfBase(256);

  /** A token that stands on several lines keeps the last as its id; the others become holes of `vocabulary`. */
  constructor(vocabulary: Vocabulary, unkToken = "[UNK]", continuingSubwordPrefix = "##", maxInputCharsPerWord = 100) {
    this.vocabulary = vocabulary;
    this.unkToken = unkToken;
    this.continuingSubwordPrefix = continuingSubwordPrefix;
    this.maxInputCharsPerWord = maxInputCharsPerWord;
    const { starts, ends, units, length } = vocabulary;
    const prefix = this.continuingSubwordPrefix;
    this.#whole = new HashTable(vocabulary, 0, length);
    let size = 0;
    let continuations = 0;
    for (let id = 0; id < length; id++) {
      if (ends[id]! < 0) continue;
      size++;
      const replaced = this.#whole.insert(id);
      if (replaced >= 0) {
        ends[replaced] = -1;
        size--;
      }
    }
    const ids = new Int32Array(length);
    for (let id = 0; id < length; id++) {
      const start = starts[id]!;
      if (ends[id]! - start <= prefix.length) continue;
      let k = 0;
      while (k < prefix.length && units[start + k] === prefix.charCodeAt(k)) k++;
      if (k === prefix.length) ids[continuations++] = id;
    }
    this.#inner = new HashTable(vocabulary, prefix.length, continuations);
    for (let i = 0; i < continuations; i++) this.#inner.insert(ids[i]!);
    this.size = size;
    this.unkId = this.idOf(this.unkToken) ?? -1;
  }

  /** Id of a token, undefined where the vocabulary lacks it. */
  idOf(token: string): number | undefined {
    const { units, hash } = hashed(token);
    const id = this.#whole.find(hash, units, 0, token.length);
    return id < 0 ? undefined : id;
  }

  /** The pieces of one word, as tokens; the unknown token alone where there are none. */
  pieces(word: string): string[] {
    if (word.length > this.maxInputCharsPerWord && Array.from(word).length > this.maxInputCharsPerWord)
      return [this.unkToken];
    const { units, hash } = hashed(word);
    const ids = new Int32Array(word.length);
    const count = this.split(units, word.length, hash, ids, 0);
    return count === 0 ? [this.unkToken] : Array.from(ids.subarray(0, count), (id) => this.tokenOf(id));
  }

  /** Text of a token; the unknown token's where there is none. */
  tokenOf(id: number): string {
    return this.vocabulary.token(id) ?? this.unkToken;
  }

  /**
   * Writes the ids of a word's pieces into `ids` from place `at` on, where there must be room for `length` of them.
   * @param word UTF-16 units of the word, `length` of them, at least one.
   * @param hash of all units, see {@link HASH_BASE}.
   * @returns the place after the last id; `at` where the word has no pieces.
   */
  split(word: Uint16Array, length: number, hash: number, ids: Int32Array, at: number): number {
    const whole = this.#whole.find(hash, word, 0, length);
    if (whole >= 0) {
      ids[at] = whole;
      return at + 1;
    }
    if (length >= this.#prefixes.length) {
      this.#prefixes = new Int32Array(length * 2);
      this.#powers = powersOfBase(length * 2);
    }
    const prefixes = this.#prefixes;
    const powers = this.#powers;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      sum = (Math.imul(sum, HASH_BASE) + word[i]!) | 0;
      prefixes[i + 1] = sum;
    }
    let to = at;
    let table = this.#whole;
    for (let from = 0; from < length; ) {
      let end = from + table.longest(word, from, length);
      let id = -1;
      while (end > from) {
        id = table.find((prefixes[end]! - Math.imul(prefixes[from]!, powers[end - from]!)) | 0, word, from, end);
        if (id >= 0) break;
        end--;
      }
      if (id < 0) return at;
      ids[to++] = id;
      from = end;
      table = this.#inner;
    }
    return to;
  }

  /** @throws TokenizerError where a word has no pieces and the vocabulary no token for that. */
  requireUnknown(): number {
    if (this.unkId >= 0) return this.unkId;
    throw new TokenizerError(
      "missing-unknown-token",
      `WordPiece error: Missing [UNK] token from the vocabulary: a word has no pieces and ${JSON.stringify(this.unkToken)} is not in the vocabulary; choose an unk_token that is`,
      { unk_token: this.unkToken },
    );
  }
}

/** The units of a text and their hash. */
function hashed(text: string): { readonly units: Uint16Array; readonly hash: number } {
  const units = new Uint16Array(text.length);
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    units[i] = text.charCodeAt(i);
    hash = (Math.imul(hash, HASH_BASE) + units[i]!) | 0;
  }
  return { units, hash };
}

/** Ids by token, without the first `skip` units of each: open addressing, a slot is a hash and an id plus 1. */
class HashTable {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #shift: number;
  readonly #skip: number;
  readonly #units: Uint16Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Length of the longest token for each hash of two first units. */
  readonly #lengths = new Uint16Array(8192);

  constructor(vocabulary: Vocabulary, skip: number, count: number) {
    const bits = Math.max(4, 33 - Math.clz32(count));
    this.#slots = new Int32Array(2 << bits);
    this.#mask = (1 << bits) - 1;
    this.#shift = 32 - bits;
    this.#skip = skip;
    this.#units = vocabulary.units;
    this.#starts = vocabulary.starts;
    this.#ends = vocabulary.ends;
  }

  /** @returns the id that had the same token so far, or -1. */
  insert(id: number): number {
    const slots = this.#slots;
    const units = this.#units;
    const start = this.#starts[id]! + this.#skip;
    const end = this.#ends[id]!;
    let hash = 0;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, HASH_BASE) + units[i]!) | 0;
    const pair = pairOf(units, start);
    if (end - start > this.#lengths[pair]!) this.#lengths[pair] = Math.min(end - start, 65535);
    for (let slot = this.#home(hash); ; slot = (slot + 1) & this.#mask) {
      const found = slots[slot * 2 + 1]! - 1;
      if (found >= 0 && (slots[slot * 2] !== hash || !this.#equals(found, units, start, end))) continue;
      slots[slot * 2] = hash;
      slots[slot * 2 + 1] = id + 1;
      return found;
    }
  }

  /** Id of the token `word[from..end)`, -1 for none. */
  find(hash: number, word: Uint16Array, from: number, end: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = this.#home(hash); ; slot = (slot + 1) & mask) {
      const found = slots[slot * 2 + 1]! - 1;
      if (found < 0 || (slots[slot * 2] === hash && this.#equals(found, word, from, end))) return found;
    }
  }

  /** No token that `word` continues with from `from` on is longer than this. */
  longest(word: Uint16Array, from: number, end: number): number {
    return Math.min(end - from, end - from > 1 ? Math.max(this.#lengths[pairOf(word, from)]!, 1) : 1);
  }

  #home(hash: number): number {
    return Math.imul(hash, 0x9e3779b1) >>> this.#shift;
  }

  #equals(id: number, word: Uint16Array, from: number, end: number): boolean {
    const units = this.#units;
    let at = this.#starts[id]! + this.#skip;
    if (this.#ends[id]! - at !== end - from) return false;
    while (from < end) if (units[at++] !== word[from++]) return false;
    return true;
  }
}

const pairOf = (units: Uint16Array, at: number): number => (Math.imul(units[at]!, 61) + (units[at + 1] ?? 0)) & 8191;

function powersOfBase(count: number): Int32Array {
  const powers = new Int32Array(count).fill(1);
  for (let i = 1; i < count; i++) powers[i] = Math.imul(powers[i - 1]!, HASH_BASE);
  return powers;
}
