/** A vocabulary: the text of a `vocab.txt`, tokens in the order of their ids, or ids by token. */
export type VocabularyInput =
  | string
  | readonly (string | undefined)[]
  | Readonly<Record<string, number>>
  | ReadonlyMap<string, number>;

/** Token strings by id, kept as UTF-16 units in one array: no string is made before someone asks for it. */
export class Vocabulary {
  /** Units of all tokens; that of id i is `units[starts[i]]` up to `units[ends[i]]`. `ends[i]` is -1 for a hole. */
  declare readonly units: Uint16Array;
  declare readonly starts: Int32Array;
  declare readonly ends: Int32Array;
  readonly #strings: (string | undefined)[] = [];

  private constructor(units: Uint16Array, starts: Int32Array, ends: Int32Array) {
    this.units = units;
    this.starts = starts;
    this.ends = ends;
  }

  /**
   * The lines of a `vocab.txt`, as Python reads a text file: "\n", "\r\n" and "\r" end a line, and nothing is trimmed.
   * The line number, from 0, is the id.
   */
  static fromText(text: string): Vocabulary {
    const units = new Uint16Array(text.length);
    let starts = new Int32Array((text.length >> 2) + 16);
    let ends = new Int32Array(starts.length);
    let count = 0;
    let start = 0;
    for (let i = 0; i <= text.length; i++) {
      const unit = i < text.length ? text.charCodeAt(i) : 10;
      if (unit === 10 || unit === 13) {
        if (i === text.length && start === i) break;
        if (count === starts.length) {
          starts = grow(starts, count * 2);
          ends = grow(ends, count * 2);
        }
        starts[count] = start;
        ends[count++] = i;
        if (unit === 13 && text.charCodeAt(i + 1) === 10) i++;
        start = i + 1;
      } else {
        units[i] = unit;
      }
    }
    return new Vocabulary(units, starts.subarray(0, count), ends.subarray(0, count));
  }

  /** Tokens at their ids; undefined for a hole. */
  static fromTokens(tokens: readonly (string | undefined)[]): Vocabulary {
    let length = 0;
    for (const token of tokens) length += token?.length ?? 0;
    const units = new Uint16Array(length);
    const starts = new Int32Array(tokens.length);
    const ends = new Int32Array(tokens.length).fill(-1);
    let at = 0;
    for (let id = 0; id < tokens.length; id++) {
      const token = tokens[id];
      if (token === undefined) continue;
      starts[id] = at;
      for (let i = 0; i < token.length; i++) units[at++] = token.charCodeAt(i);
      ends[id] = at;
    }
    return new Vocabulary(units, starts, ends);
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
    this.#strings[id] ??= String.fromCharCode(...this.units.subarray(this.starts[id], end));
    return this.#strings[id];
  }
}

function grow(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(array);
  return grown;
}

/** Brings a vocabulary into the form that the model takes. */
export function readVocabularyInput(source: VocabularyInput): Vocabulary {
  if (typeof source === "string") return Vocabulary.fromText(source);
  if (Array.isArray(source)) return Vocabulary.fromTokens(source);
  const tokens: (string | undefined)[] = [];
  const entries = source instanceof Map ? source : Object.entries(source as Record<string, number>);
  for (const [token, id] of entries) tokens[id] = token;
  return Vocabulary.fromTokens(tokens);
}
