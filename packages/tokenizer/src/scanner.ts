import { type CharacterActions, DROP, ENTANGLED, LIST, SPACE } from "./character-actions.js";
import type { TokenSink } from "./token-sink.js";
import { HASH_BASE, type WordPieceModel } from "./wordpiece.js";

/**
 * Normalizes, splits into words and looks up pieces in one pass over the text. What each code point asks for comes from
 * {@link CharacterActions}; a word's units gather in `word` with their hash, and at its end its ids go to the sink.
 */
export class Scanner {
  readonly #model: WordPieceModel;
  readonly #actions: CharacterActions;
  #word = new Uint16Array(256);
  // Where each unit of the word begins and ends in the text; used where the sink wants detail.
  #unitStarts = new Int32Array(256);
  #unitEnds = new Int32Array(256);

  constructor(model: WordPieceModel, actions: CharacterActions) {
    this.#model = model;
    this.#actions = actions;
  }

  /**
   * Adds the tokens of `text[from..to)`.
   * @returns false, and nothing added, where the text has to be normalized as a whole first.
   */
  scan(text: string, from: number, to: number, sink: TokenSink): boolean {
    const actions = this.#actions;
    const { ascii, lists } = actions;
    const { detail } = sink;
    const limit = this.#model.maxInputCharsPerWord;
    const firstToken = sink.length;
    const firstWord = sink.word;
    let word = this.#word;
    let length = 0;
    let characters = 0;
    let hash = 0;
    let list: Int32Array | undefined;
    let place = 0;
    let at = from;
    let start = from;
    let wordStart = from;
    let wordEnd = from;
    for (;;) {
      let action: number;
      if (list !== undefined) {
        action = list[place++]!;
        if (place === list.length) list = undefined;
      } else if (at < to) {
        start = at;
        const unit = text.charCodeAt(at++);
        if (unit < 128) {
          action = ascii[unit]!;
        } else {
          let codePoint = unit;
          if (unit >= 0xd800 && unit < 0xdc00 && at < to) {
            const low = text.charCodeAt(at);
            if (low >= 0xdc00 && low < 0xe000) {
              codePoint = (unit - 0xd800) * 0x400 + low - 0xdc00 + 0x10000;
              at++;
            }
          }
          action = actions.of(codePoint);
        }
      } else {
        if (characters > 0) this.#finish(sink, length, characters, hash, wordStart, wordEnd);
        return true;
      }
      const kind = action >> 24;
      if (kind === 0) {
        if (characters === 0) wordStart = start;
        wordEnd = at;
        if (++characters > limit) continue;
        if (length + 2 > word.length) word = this.#widen();
        if (action > 0xffff) {
          const high = 0xd7c0 + (action >> 10);
          word[length] = high;
          hash = (Math.imul(hash, HASH_BASE) + high) | 0;
          if (detail) this.#unitStarts[length] = start;
          length++;
          action = 0xdc00 + (action & 0x3ff);
        }
        word[length] = action;
        hash = (Math.imul(hash, HASH_BASE) + action) | 0;
        if (detail) {
          this.#unitStarts[length] = start;
          this.#unitEnds[length] = at;
        }
        length++;
      } else if (kind === LIST >> 24) {
        list = lists[action & 0xffffff]!;
        place = 0;
      } else if (kind === ENTANGLED >> 24) {
        sink.length = firstToken;
        sink.word = firstWord;
        return false;
      } else if (kind !== DROP >> 24) {
        if (characters > 0) {
          this.#finish(sink, length, characters, hash, wordStart, wordEnd);
          length = 0;
          characters = 0;
          hash = 0;
        }
        if (kind !== SPACE >> 24) this.#alone(sink, action & 0xffffff, start, at);
      }
    }
  }

  #alone(sink: TokenSink, codePoint: number, start: number, end: number): void {
    const text = String.fromCodePoint(codePoint);
    let hash = 0;
    for (let i = 0; i < text.length; i++) {
      this.#word[i] = text.charCodeAt(i);
      hash = (Math.imul(hash, HASH_BASE) + this.#word[i]!) | 0;
      this.#unitStarts[i] = start;
      this.#unitEnds[i] = end;
    }
    this.#finish(sink, text.length, 1, hash, start, end);
  }

  #finish(sink: TokenSink, length: number, characters: number, hash: number, wordStart: number, wordEnd: number): void {
    const model = this.#model;
    sink.reserve(length + 1);
    const first = sink.length;
    let last = characters > model.maxInputCharsPerWord ? first : model.split(this.#word, length, hash, sink.ids, first);
    const known = last > first;
    if (!known) sink.ids[last++] = model.requireUnknown();
    if (sink.detail) this.#locate(sink, first, last, known, wordStart, wordEnd);
    sink.length = last;
    sink.word++;
  }

  #locate(sink: TokenSink, first: number, last: number, known: boolean, wordStart: number, wordEnd: number): void {
    const { starts, ends } = this.#model.vocabulary;
    const word = sink.fixedWord < 0 ? sink.word : sink.fixedWord;
    let unit = 0;
    for (let i = first; i < last; i++) {
      sink.words[i] = word;
      if (known) {
        const id = sink.ids[i]!;
        const skip = i === first ? 0 : this.#model.continuingSubwordPrefix.length;
        sink.starts[i] = this.#unitStarts[unit]!;
        unit += ends[id]! - starts[id]! - skip;
        sink.ends[i] = this.#unitEnds[unit - 1]!;
      } else {
        sink.starts[i] = wordStart;
        sink.ends[i] = wordEnd;
      }
    }
  }

  #widen(): Uint16Array<ArrayBuffer> {
    const size = this.#word.length * 2;
    const word = new Uint16Array(size);
    word.set(this.#word);
    this.#word = word;
    const unitStarts = new Int32Array(size);
    unitStarts.set(this.#unitStarts);
    this.#unitStarts = unitStarts;
    const unitEnds = new Int32Array(size);
    unitEnds.set(this.#unitEnds);
    this.#unitEnds = unitEnds;
    return word;
  }
}
