import { describe, TokenizerError } from "./errors.js";

/** A vocabulary: the text of a `vocab.txt`, tokens in the order of their ids, or ids by token. */
export type VocabularyInput =
  | string
  | readonly (string | undefined)[]
  | Readonly<Record<string, number>>
  | ReadonlyMap<string, number>;

/** Base of the polynomial hash of tokens and words: h(word + unit) = h(word) * BASE + unit, modulo 2^32. */
export const HASH_BASE = 0x01000193;

/** The units of a text and their hash. */
export function hashed(text: string): [units: Uint16Array, hash: number] {
  const units = new Uint16Array(text.length);
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    units[i] = text.charCodeAt(i);
    hash = (Math.imul(hash, HASH_BASE) + units[i]!) | 0;
  }
  return [units, hash];
}

/** The text of some units. */
export function textOf(units: Uint16Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(units[i]!);
  return text;
}

/** Token strings by id, kept as UTF-16 units in one array: no string is made before someone asks for it. */
export class Vocabulary {
  /** Units of all tokens; that of id i is `units[starts[i]]` up to `units[ends[i]]`. `ends[i]` is -1 for a hole. */
  declare readonly units: Uint16Array;
  declare readonly starts: Int32Array;
  declare readonly ends: Int32Array;
  /** Hash of each token. */
  declare readonly hashes: Int32Array;
  readonly #strings: (string | undefined)[] = [];

  private constructor(units: Uint16Array, starts: Int32Array, ends: Int32Array, hashes: Int32Array) {
    this.units = units;
    this.starts = starts;
    this.ends = ends;
    this.hashes = hashes;
  }

  /**
   * The lines of a `vocab.txt`, as Python reads a text file: "\n", "\r\n" and "\r" end a line, and nothing is trimmed.
   * The line number, from 0, is the id.
   */
  static fromText(text: string): Vocabulary {
    const units = new Uint16Array(text.length);
    // Room for tokens of three units: nearly every vocabulary's. The loop is plain so that cold engines compile it once.
    let starts = new Int32Array((text.length >> 2) + 16);
    let ends = new Int32Array(starts.length);
    let hashes = new Int32Array(starts.length);
    let count = 0;
    let start = 0;
    let hash = 0;
    for (let i = 0; i <= text.length; i++) {
      const unit = i < text.length ? text.charCodeAt(i) : 10;
      if (unit !== 10 && unit !== 13) {
        units[i] = unit;
        hash = (Math.imul(hash, HASH_BASE) + unit) | 0;
        continue;
      }
      if (i === text.length && start === i) break;
      if (count === starts.length) {
        starts = grow(starts);
        ends = grow(ends);
        hashes = grow(hashes);
      }
      starts[count] = start;
      ends[count] = i;
      hashes[count++] = hash;
      if (unit === 13 && text.charCodeAt(i + 1) === 10) i++;
      start = i + 1;
      hash = 0;
    }
    return new Vocabulary(units, starts.slice(0, count), ends.slice(0, count), hashes.slice(0, count));
  }

  /** Tokens at their ids; undefined for a hole. */
  static fromTokens(tokens: readonly (string | undefined)[]): Vocabulary {
    const { length } = tokens;
    const starts = new Int32Array(length);
    const ends = new Int32Array(length).fill(-1);
    const hashes = new Int32Array(length);
    const units = new Uint16Array(tokens.reduce((sum, token) => sum + (token?.length ?? 0), 0));
    let at = 0;
    for (let id = 0; id < length; id++) {
      const token = tokens[id];
      if (token === undefined) continue;
      const [own, hash] = hashed(token);
      units.set(own, at);
      starts[id] = at;
      at += own.length;
      ends[id] = at;
      hashes[id] = hash;
    }
    return new Vocabulary(units, starts, ends, hashes);
  }

  /** Number of ids, holes included. */
  get length(): number {
    return this.starts.length;
  }

  /** Tokens with their ids. */
  *entries(): Generator<[token: string, id: number]> {
    for (let id = 0; id < this.length; id++) {
      const token = this.token(id);
      if (token !== undefined) yield [token, id];
    }
  }

  /** The token of an id; undefined for a hole and beyond the end. */
  token(id: number): string | undefined {
    const end = this.ends[id] ?? -1;
    if (end < 0) return undefined;
    let string = this.#strings[id];
    if (string === undefined) {
      string = textOf(this.units, this.starts[id]!, end);
      this.#strings[id] = string;
    }
    return string;
  }
}

function grow(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}

/** Brings a vocabulary into the form that the model takes. @throws TokenizerError `invalid-input` for what is none. */
export function readVocabularyInput(source: VocabularyInput): Vocabulary {
  if (typeof source === "string") return Vocabulary.fromText(source);
  const invalid = (problem: string): TokenizerError => new TokenizerError("invalid-input", `vocabulary: ${problem}`);
  if (typeof source !== "object" || source === null)
    throw invalid(`got ${describe(source)}; expected the text of a vocab.txt, tokens, or ids by token`);
  const tokens: (string | undefined)[] = [];
  if (Array.isArray(source)) {
    for (const token of source)
      if (token !== undefined && typeof token !== "string") throw invalid(`a token is ${describe(token)}`);
    return Vocabulary.fromTokens(source);
  }
  const entries = source instanceof Map ? source : Object.entries(source as Record<string, number>);
  for (const [token, id] of entries) {
    if (typeof token !== "string") throw invalid(`a token is ${describe(token)}`);
    // More would be a mistake, and cost memory for every hole.
    if (!Number.isSafeInteger(id) || id < 0 || id >= 1 << 24)
      throw invalid(`the id of a token is ${describe(id)}; expected a whole number from 0 on, below 2^24`);
    tokens[id] = token;
  }
  return Vocabulary.fromTokens(tokens);
}
