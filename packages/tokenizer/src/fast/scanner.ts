import type { TokenSink } from "../token-sink.js";
import { HASH_BASE } from "../vocabulary.js";
import type { WordPieceModel } from "../wordpiece.js";
import { type CharacterActions, DROP, ENTANGLED, LIST, SPACE } from "./character-actions.js";

/**
 * Adds the tokens of `text[from..to)` to a sink.
 * @returns false, and nothing added, where the text has to be normalized as a whole first.
 */
export type Scanner = (text: string, from: number, to: number, sink: TokenSink) => boolean;

/**
 * Makes a function that normalizes, splits into words and looks up pieces in one pass over the text. What each code point
 * asks for comes from the actions; a word's units gather in `word` with their hash, and at its end its ids go to the sink.
 */
export function createScanner(model: WordPieceModel, actions: CharacterActions): Scanner {
  const { ascii, lists } = actions;
  const limit = model.maxCharacters;
  const { starts: tokenStarts, ends: tokenEnds } = model.vocabulary;
  // Room for every word within the limit, but a limit that is out of proportion does not count before it is needed.
  let room = Math.min(limit, 1000);
  let buffer = new Uint16Array(room * 2 + 2);
  // Where each unit of the word begins and ends in the text; used where the sink wants detail.
  let unitStarts = new Int32Array(buffer.length);
  let unitEnds = new Int32Array(buffer.length);

  function widen(): Uint16Array<ArrayBuffer> {
    room = Math.min(limit, room * 2);
    const [units, starts, ends] = [buffer, unitStarts, unitEnds];
    buffer = new Uint16Array(room * 2 + 2);
    unitStarts = new Int32Array(buffer.length);
    unitEnds = new Int32Array(buffer.length);
    buffer.set(units);
    unitStarts.set(starts);
    unitEnds.set(ends);
    return buffer;
  }

  /** Looks up the word in hand; `length` is -1 for one that is too long. */
  function finish(sink: TokenSink, length: number, hash: number, wordStart: number, wordEnd: number): void {
    const first = sink.length;
    if (first + length >= sink.ids.length) sink.reserve(length + 1);
    const { ids } = sink;
    let last = length < 0 ? first : model.split(buffer, length, hash, ids, first);
    const isKnown = last > first;
    if (!isKnown) ids[last++] = model.requireUnknown();
    if (sink.detail) {
      let unit = 0;
      for (let i = first; i < last; i++) {
        sink.words[i] = sink.fixedWord < 0 ? sink.word : sink.fixedWord;
        sink.starts[i] = isKnown ? unitStarts[unit]! : wordStart;
        unit += tokenEnds[ids[i]!]! - tokenStarts[ids[i]!]! - (i > first ? model.prefix.length : 0);
        sink.ends[i] = isKnown ? unitEnds[unit - 1]! : wordEnd;
      }
    }
    sink.length = last;
    sink.word++;
  }

  return (text, from, to, sink) => {
    const { detail, length: firstToken, word: firstWord } = sink;
    let word = buffer;
    let length = 0;
    let characters = 0;
    let hash = 0;
    let list: Int32Array | undefined;
    let index = 0;
    let at = from;
    let start = from;
    let wordStart = from;
    let wordEnd = from;
    for (;;) {
      let action: number;
      if (list !== undefined) {
        action = list[index++]!;
        if (index === list.length) list = undefined;
      } else if (at < to) {
        if (!detail) {
          // Most of most texts: ASCII letters, one after the other.
          const stop = Math.min(to, at + room - characters);
          const runStart = at;
          for (; at < stop; at++) {
            const unit = text.charCodeAt(at);
            if (unit > 127) break;
            const letter = ascii[unit]!;
            if (letter >= SPACE) break;
            word[length++] = letter;
            hash = (Math.imul(hash, HASH_BASE) + letter) | 0;
          }
          characters += at - runStart;
          if (at >= to) continue;
        }
        start = at;
        const unit = text.charCodeAt(at++);
        if (unit < 128) {
          action = ascii[unit]!;
        } else {
          const codePoint = at < to ? text.codePointAt(start)! : unit;
          action = actions.of(codePoint);
          if (codePoint > 0xffff) at++;
        }
      } else {
        if (characters > 0) finish(sink, characters > limit ? -1 : length, hash, wordStart, wordEnd);
        return true;
      }
      const kind = action >> 24;
      if (kind !== 0) {
        if (kind === DROP >> 24) continue;
        if (kind === LIST >> 24) {
          list = lists[action & 0xffffff];
          index = 0;
          continue;
        }
        if (kind === ENTANGLED >> 24) {
          sink.length = firstToken;
          sink.word = firstWord;
          return false;
        }
        if (characters > 0) {
          finish(sink, characters > limit ? -1 : length, hash, wordStart, wordEnd);
          length = 0;
          characters = 0;
          hash = 0;
        }
        if (kind === SPACE >> 24) continue;
        action &= 0xffffff;
      }
      if (characters === 0) wordStart = start;
      wordEnd = at;
      if (++characters > room) {
        if (characters > limit) continue;
        word = widen();
      }
      if (action > 0xffff) {
        const high = 0xd7c0 + (action >> 10);
        word[length] = high;
        hash = (Math.imul(hash, HASH_BASE) + high) | 0;
        if (detail) unitStarts[length] = start;
        length++;
        action = 0xdc00 + (action & 0x3ff);
      }
      word[length] = action;
      hash = (Math.imul(hash, HASH_BASE) + action) | 0;
      if (detail) {
        unitStarts[length] = start;
        unitEnds[length] = at;
      }
      length++;
      if (kind !== 0) {
        // A word of its own.
        finish(sink, length, hash, wordStart, wordEnd);
        length = 0;
        characters = 0;
        hash = 0;
      }
    }
  };
}
