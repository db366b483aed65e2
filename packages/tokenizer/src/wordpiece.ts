import { TokenizerError } from "./errors.js";
import { HASH_BASE, hashed, textOf, type Vocabulary } from "./vocabulary.js";

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
  readonly #table: Table;
  readonly #headHash: number;
  // Hashes of the prefixes of the word in hand, and the powers of the base.
  #prefixes = new Int32Array(256);
  #powers = powersOfBase(256);

  /** A token that stands on several lines keeps the last as its id; the others become holes of `vocabulary`. */
  constructor(vocabulary: Vocabulary, unkToken = "[UNK]", prefix = "##", maxCharacters = 100) {
    this.vocabulary = vocabulary;
    this.unkToken = unkToken;
    this.prefix = prefix;
    this.maxCharacters = maxCharacters;
    const [head, headHash] = hashed(prefix);
    this.#headHash = headHash;
    this.#table = makeTable(vocabulary, head, maxCharacters > PLAIN);
    this.size = this.#table.size;
    this.unkId = this.idOf(unkToken) ?? -1;
  }

  /** Id of a token, undefined where the vocabulary lacks it. */
  idOf(token: string): number | undefined {
    const [units, hash] = hashed(token);
    const id = this.#table.find(hash, units, 0, token.length, 0);
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
   * Writes the ids of a word's pieces into `ids` from position `at` on, where there must be room for `length` of them.
   * @param word UTF-16 units of the word, `length` of them, at least one.
   * @param hash of all units, see {@link HASH_BASE}.
   * @returns the position after the last id; `at` where the word has no pieces.
   */
  split(word: Uint16Array, length: number, hash: number, ids: Int32Array, at: number): number {
    const table = this.#table;
    const whole = table.find(hash, word, 0, length, 0);
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
    let skip = 0;
    let head = 0;
    for (let from = 0; from < length; ) {
      let end = from + table.longest(word, from, length);
      let id = -1;
      for (; end > from; end -= end - from > PLAIN ? table.step(end - from) : 1) {
        const hash = (prefixes[end]! + Math.imul(head - prefixes[from]!, powers[end - from]!)) | 0;
        id = table.find(hash, word, from, end, skip);
        if (id >= 0) break;
      }
      if (id < 0) return at;
      ids[to++] = id;
      from = end;
      skip = this.prefix.length;
      head = this.#headHash;
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
  /** Number of different tokens. */
  readonly size: number;
  /**
   * Id of the token `word[from..end)`, -1 for none.
   * @param skip 0, or the prefix's length for the token that is the prefix and that; the hash is that of the whole token.
   */
  find(hash: number, word: Uint16Array, from: number, end: number, skip: number): number;
  /** No token that `word` goes on with from `from` on is longer than this, counted without the prefix. */
  longest(word: Uint16Array, from: number, end: number): number;
  /** How much shorter than this the next tokens are that are shorter; of lengths above {@link PLAIN}. */
  step(length: number): number;
}

/** Up to here every length is tried, above it those alone that tokens have: so a position costs as much in a word of any length. */
const PLAIN = 128;
const MOST_LENGTHS = 1000;

/** Cell of a word's first two units in the table of lengths. */
const pairOf = (units: Uint16Array, at: number): number => (Math.imul(units[at]!, 61) + units[at + 1]!) & 8191;

/** Odd and different in each process, so that no one can know beforehand which hashes are neighbours. */
const SCATTER = (Math.random() * 2 ** 32) | 1;

/**
 * Ids by token. Open addressing; a slot is an id plus 1 in its low bits and as much of the hash as there is room for in the
 * others. A token that is there already loses its place in the vocabulary to the later one. Tokens that share all of their
 * hash with another, which happens to few unless somebody built them so, stand in a map instead.
 * @param hasLong whether words are long enough for tokens above {@link PLAIN}.
 */
function makeTable({ units, starts, ends, hashes, length }: Vocabulary, head: Uint16Array, hasLong: boolean): Table {
  const bits = Math.max(4, 33 - Math.clz32(length));
  const slots = new Int32Array(1 << bits);
  const mask = slots.length - 1;
  const shift = 32 - bits;
  const idMask = 2 ** (32 - Math.clz32(length)) - 1;
  // Length of the longest token for each hash of two first units: of those at the start of a word, and of the others.
  const lengths = new Int32Array(8192);
  const innerLengths = head.length > 0 ? new Int32Array(8192) : lengths;
  let size = 0;
  const crowd = new Map<string, number>();
  const long = new Set<number>([PLAIN]);

  /** Whether token `id` is the first `skip` units of the prefix and `word[from..to)`. */
  function isSame(id: number, word: Uint16Array, from: number, to: number, skip: number): boolean {
    let at = starts[id]!;
    if (ends[id]! - at !== skip + to - from) return false;
    for (let k = 0; k < skip; k++) if (units[at++] !== head[k]) return false;
    for (let i = from; i < to; i++) if (units[at++] !== word[i]) return false;
    return true;
  }

  function note(table: Int32Array, start: number, end: number): void {
    const pair = pairOf(units, start);
    if (end - start > table[pair]!) table[pair] = end - start;
    if (end - start > PLAIN) long.add(end - start);
  }

  for (let id = 0; id < length; id++) {
    const start = starts[id]!;
    const end = ends[id]!;
    if (end < 0) continue;
    const hash = hashes[id]!;
    let slot = Math.imul(hash, SCATTER) >>> shift;
    let known = -1;
    for (let found = slots[slot]!; found !== 0; found = slots[slot]!) {
      known = (found & idMask) - 1;
      if (hashes[known] === hash) break;
      known = -1;
      slot = (slot + 1) & mask;
    }
    if (known >= 0 && !isSame(known, units, start, end, 0)) {
      const token = textOf(units, start, end);
      known = crowd.get(token) ?? -1;
      crowd.set(token, id);
    } else slots[slot] = (hash & ~idMask) | (id + 1);
    if (known >= 0) ends[known] = -1;
    else size++;
    note(lengths, start, end);
    let inner = start;
    while (inner - start < head.length && units[inner] === head[inner - start]) inner++;
    if (inner - start === head.length) note(innerLengths, inner, end);
  }

  if (hasLong && long.size > MOST_LENGTHS)
    throw new TokenizerError(
      "unsupported",
      `the vocabulary has tokens of ${long.size} different lengths above ${PLAIN} characters; ${MOST_LENGTHS} at most can be looked for in words of that length`,
    );
  const falling = Array.from(long).sort((a, b) => b - a);

  return {
    size,
    find(hash, word, from, end, skip) {
      for (let slot = Math.imul(hash, SCATTER) >>> shift; ; slot = (slot + 1) & mask) {
        const found = slots[slot]!;
        if (found === 0) return -1;
        if (((found ^ hash) & ~idMask) !== 0) continue;
        const id = (found & idMask) - 1;
        if (isSame(id, word, from, end, skip)) return id;
        if (hashes[id] === hash && crowd.size > 0)
          return crowd.get(textOf(head, 0, skip) + textOf(word, from, end)) ?? -1;
      }
    },
    longest(word, from, end) {
      const rest = end - from;
      return rest > 1 ? Math.min(rest, (from > 0 ? innerLengths : lengths)[pairOf(word, from)]! || 1) : rest;
    },
    step: (length) => length - falling.find((other) => other < length)!,
  };
}

function powersOfBase(count: number): Int32Array<ArrayBuffer> {
  const powers = new Int32Array(count).fill(1);
  for (let i = 1; i < count; i++) powers[i] = Math.imul(powers[i - 1]!, HASH_BASE);
  return powers;
}
