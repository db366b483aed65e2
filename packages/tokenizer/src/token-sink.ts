/**
 * Where a text's tokens go, for any number of texts: ids, and, where `detail` is asked for, their offsets and words.
 * Offsets count UTF-16 units of the text (of the word, for input that is split into words).
 */
export class TokenSink {
  declare readonly detail: boolean;
  length = 0;
  ids = new Int32Array(1024);
  declare starts: Int32Array;
  declare ends: Int32Array;
  declare words: Int32Array;
  /** Index of the next word; the caller sets it back for each sequence. */
  word = 0;
  /** The word that all tokens belong to, for input that is split into words; -1 for none. */
  fixedWord = -1;
  /** Token strings that differ from what the vocabulary says of the id: added tokens as they stand in the text. */
  readonly strings = new Map<number, string>();

  constructor(detail: boolean) {
    this.detail = detail;
    const size = detail ? 1024 : 0;
    this.starts = new Int32Array(size);
    this.ends = new Int32Array(size);
    this.words = new Int32Array(size);
  }

  /** Makes room for `count` more tokens. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.ids.length) return;
    const size = Math.max(this.ids.length * 2, needed);
    this.ids = resized(this.ids, size);
    if (this.detail) {
      this.starts = resized(this.starts, size);
      this.ends = resized(this.ends, size);
      this.words = resized(this.words, size);
    }
  }

  /** Adds ids without more ado. */
  append(ids: ArrayLike<number>): void {
    this.reserve(ids.length);
    this.ids.set(ids, this.length);
    this.length += ids.length;
  }

  /** Adds a token that is a word of its own. */
  push(id: number, start: number, end: number, string: string): void {
    this.reserve(1);
    if (this.detail) {
      this.starts[this.length] = start;
      this.ends[this.length] = end;
      this.words[this.length] = this.fixedWord < 0 ? this.word : this.fixedWord;
      this.strings.set(this.length, string);
    }
    this.word++;
    this.ids[this.length++] = id;
  }
}

function resized(array: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(size);
  copy.set(array);
  return copy;
}
