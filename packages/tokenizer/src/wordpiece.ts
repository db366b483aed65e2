import { TokenizerError } from "./errors.js";
import { HASH_BASE, type Vocabulary } from "./vocabulary.js";

/**
 * WordPiece, longest match first. A word that is a token costs one look-up by the hash that is computed while its
 * characters are read. The pieces of another are found by the hashes of its parts, each made in constant time from
 * those of its prefixes, and no part longer than the longest token with the same two first units is tried: so the work
 * grows with the text, whatever the words.
 */
export class WordPieceModel {
  declare readonly vocabulary: Vocabulary;
  declare readonly unkToken: string;
  /** What a token begins with that continues a word. */
  declare readonly prefix: string;
  /** Longer words become one unknown token. Counted in code points. */
  declare readonly maxCharacters: number;
  /** Number of different tokens. */
  declare readonly size: number;
  /** Id of the unknown token, -1 where the vocabulary has none. */
  declare readonly unkId: number;
  readonly #whole: Table;
  readonly #inner: Table;
  // Hashes of the prefixes of the word in hand, and the powers of the base.
  #prefixes = new Int32Array(256);
  #powers = powersOfBase(256);

  /** A token that stands on several lines keeps the last as its id; the others become holes of `vocabulary`. */
  constructor(vocabulary: Vocabulary, unkToken = "[UNK]", prefix = "##", maxCharacters = 100) {
    this.vocabulary = vocabulary;
    this.unkToken = unkToken;
    this.prefix = prefix;
    this.maxCharacters = maxCharacters;
    const { starts, ends, units, length } = vocabulary;
    this.#whole = makeTable(vocabulary, length, "");
    let size = 0;
    let continuations = 0;
    for (let id = 0; id < length; id++) {
      if (ends[id]! < 0) continue;
      size++;
      if (units[starts[id]!] === prefix.charCodeAt(0)) continuations++;
    }
    this.#inner = makeTable(vocabulary, prefix ? continuations : length, prefix);
    this.size = size;
    this.unkId = this.idOf(unkToken) ?? -1;
  }

  /** Id of a token, undefined where the vocabulary lacks it. */
  idOf(token: string): number | undefined {
    const [units, hash] = hashed(token);
    const id = this.#whole.find(hash, units, 0, token.length);
    return id < 0 ? undefined : id;
  }

  /** Text of a token; the unknown token's where there is none. */
  tokenOf(id: number): string {
    return this.vocabulary.token(id) ?? this.unkToken;
  }

  /** The pieces of one word, as tokens; the unknown token alone where there are none. */
  pieces(word: string): string[] {
    const { length } = word;
    if (length > this.maxCharacters && Array.from(word).length > this.maxCharacters) return [this.unkToken];
    const [units, hash] = hashed(word);
    const ids = new Int32Array(length);
    const count = this.split(units, length, hash, ids, 0);
    return count ? Array.from(ids.subarray(0, count), (id) => this.tokenOf(id)) : [this.unkToken];
  }

  /**
   * Writes the ids of a word's pieces into `ids` from place `at` on, where there must be room for `length` of them.
   * @param word UTF-16 units of the word, `length` of them, at least one.
   * @param hash of all units, see {@link HASH_BASE}.
   * @returns the place after the last id; `at` where the word has no pieces.
   */
  split(word: Uint16Array, length: number, hash: number, ids: Int32Array, at: number): number {
    let table = this.#whole;
    const whole = table.find(hash, word, 0, length);
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
    for (let from = 0; from < length; ) {
      let end = from + table.longest(word, from, length);
      let id = -1;
      for (; end > from; end--) {
        id = table.find((prefixes[end]! - Math.imul(prefixes[from]!, powers[end - from]!)) | 0, word, from, end);
        if (id >= 0) break;
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
      `WordPiece error: Missing [UNK] token from the vocabulary: unk_token is ${this.unkToken}`,
      { unk_token: this.unkToken },
    );
  }
}

interface Table {
  /** Id of the token `word[from..end)`, -1 for none. */
  find(hash: number, word: Uint16Array, from: number, end: number): number;
  /** No token that `word` continues with from `from` on is longer than this. */
  longest(word: Uint16Array, from: number, end: number): number;
}

/** Cell of a word's first two units in the table of lengths. */
const pairOf = (units: Uint16Array, at: number): number => (Math.imul(units[at]!, 61) + (units[at + 1] ?? 0)) & 8191;

/**
 * Ids by token: of all tokens that begin with `prefix`, by what follows it. Open addressing; a slot is an id plus 1 in its
 * low bits and as much of the hash as there is room for in the others. A token that is there already loses its place in
 * the vocabulary to the later one.
 */
function makeTable({ units, starts, ends, hashes, length }: Vocabulary, count: number, prefix: string): Table {
  const bits = Math.max(4, 33 - Math.clz32(count));
  const slots = new Int32Array(1 << bits);
  const mask = slots.length - 1;
  const shift = 32 - bits;
  const idMask = 2 ** (32 - Math.clz32(length)) - 1;
  const skip = prefix.length;
  // Length of the longest token for each hash of two first units.
  const lengths = new Uint16Array(8192);
  const [head, headHash] = hashed(prefix);
  let powers = powersOfBase(64);
  for (let id = 0; id < length; id++) {
    const start = starts[id]! + skip;
    const end = ends[id]!;
    const size = end - start;
    if (end < 0 || (skip > 0 && size < 1)) continue;
    let k = 0;
    while (k < skip && units[start - skip + k] === head[k]) k++;
    if (k < skip) continue;
    if (size >= powers.length) powers = powersOfBase(size * 2);
    // The hash of what follows the prefix, from that of the whole.
    const hash = (hashes[id]! - Math.imul(headHash, powers[size]!)) | 0;
    const pair = pairOf(units, start);
    if (size > lengths[pair]!) lengths[pair] = Math.min(size, 65535);
    let slot = Math.imul(hash, 0x9e3779b1) >>> shift;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const found = slots[slot]!;
      if (((found ^ hash) & ~idMask) !== 0 || !isSame((found & idMask) - 1, units, start, end)) continue;
      ends[(found & idMask) - 1] = -1;
      break;
    }
    slots[slot] = (hash & ~idMask) | (id + 1);
  }

  function isSame(id: number, word: Uint16Array, from: number, end: number): boolean {
    let at = starts[id]! + skip;
    if (ends[id]! - at !== end - from) return false;
    for (let i = from; i < end; i++) if (units[at++] !== word[i]) return false;
    return true;
  }

  return {
    find(hash, word, from, end) {
      for (let slot = Math.imul(hash, 0x9e3779b1) >>> shift; ; slot = (slot + 1) & mask) {
        const found = slots[slot]!;
        if (found === 0) return -1;
        if (((found ^ hash) & ~idMask) === 0 && isSame((found & idMask) - 1, word, from, end))
          return (found & idMask) - 1;
      }
    },
    longest(word, from, end) {
      const rest = end - from;
      return rest > 1 ? Math.min(rest, lengths[pairOf(word, from)]! || 1) : rest;
    },
  };
}

/** The units of a text and their hash. */
function hashed(text: string): [units: Uint16Array, hash: number] {
  const units = new Uint16Array(text.length);
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    units[i] = text.charCodeAt(i);
    hash = (Math.imul(hash, HASH_BASE) + units[i]!) | 0;
  }
  return [units, hash];
}

function powersOfBase(count: number): Int32Array<ArrayBuffer> {
  const powers = new Int32Array(count).fill(1);
  for (let i = 1; i < count; i++) powers[i] = Math.imul(powers[i - 1]!, HASH_BASE);
  return powers;
}
