import { TokenMatcher } from "../token-matcher.js";

/** A node of the trie: next characters, and whether a token ends here. */
interface Node {
  readonly next: Map<string, Node>;
  end: boolean;
}

/**
 * Cuts texts at added tokens as Python's `Trie` of transformers 4.34 does: mostly leftmost and longest, but not always
 * where tokens overlap, because it looks ahead from partial matches that the current character has already ended.
 */
export class TokenTrie {
  readonly #root: Node = { next: new Map(), end: false };
  readonly #matcher: TokenMatcher;

  constructor(tokens: Iterable<string>) {
    const used = [...tokens].filter((token) => token !== "");
    for (const token of used) {
      let node = this.#root;
      for (const character of token) {
        let next = node.next.get(character);
        if (!next) {
          next = { next: new Map(), end: false };
          node.next.set(character, next);
        }
        node = next;
      }
      node.end = true;
    }
    this.#matcher = new TokenMatcher(used.map((token, id) => [token, id]));
  }

  /** The text in pieces, tokens among them; never an empty piece. */
  split(text: string): string[] {
    // Without a whole token in the text nothing is ever cut.
    if (this.#matcher.matches(text).length === 0) return text ? [text] : [];
    const characters = Array.from(text);
    const cuts: number[] = [];
    let states = new Map<number, Node>();
    let skip = 0;
    for (let at = 0; at < characters.length; at++) {
      if (at < skip) continue;
      const character = characters[at]!;
      const ended: number[] = [];
      let found = false;
      for (const [start, node] of states) {
        if (node.end) {
          const match = this.#lookAhead(characters, states, start, at);
          skip = Math.max(skip, match.skip);
          cuts.push(match.start, match.end);
          found = true;
          break;
        }
        const next = node.next.get(character);
        if (next) states.set(start, next);
        else ended.push(start);
      }
      if (found) states = new Map();
      else for (const start of ended) states.delete(start);
      const first = this.#root.next.get(character);
      if (first && at >= skip) states.set(at, first);
    }
    for (const [start, node] of states) {
      if (!node.end) continue;
      cuts.push(start, characters.length);
      break;
    }
    return cut(characters, cuts);
  }

  /** The longest token from the earliest start there is, when a token from `found` has just ended before `at`. */
  #lookAhead(characters: readonly string[], states: ReadonlyMap<number, Node>, found: number, at: number) {
    let start = found;
    let end = at;
    let skip = 0;
    for (const [lookStart, lookNode] of states) {
      if (lookStart > start) break;
      // Earlier starts have taken the current character in already.
      let ahead = lookStart < start ? at + 1 : at;
      end = ahead;
      let node: Node | undefined = lookNode;
      while (node) {
        if (node.end) {
          start = lookStart;
          end = ahead;
          skip = ahead;
        }
        if (ahead >= characters.length) break;
        node = node.next.get(characters[ahead++]!);
      }
    }
    return { start, end, skip };
  }
}

function cut(characters: readonly string[], cuts: readonly number[]): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (const end of [...cuts, characters.length]) {
    if (start >= end) continue;
    pieces.push(characters.slice(start, end).join(""));
    start = end;
  }
  return pieces;
}
