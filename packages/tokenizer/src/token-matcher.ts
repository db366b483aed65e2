import { checkTotal } from "./added-token.js";

/** A text that was found, in UTF-16 units. */
export interface TokenMatch {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Finds texts in a text, leftmost and then longest first; any number of them and of any length, in time that grows with
 * the text alone. The texts stand backwards in a trie whose nodes know where to go on when a unit does not fit (Aho and
 * Corasick, 1975): read from its end, a text shows at each position the longest of them that begins there.
 */
export class TokenMatcher {
  /** The node that a unit leads to from another, by `node * 65536 + unit`. */
  readonly #edges = new Map<number, number>();
  /** For each node the one of the longest other text that ends alike; the root is 0. */
  readonly #links: number[] = [0];
  /** For each node length and id of the text that is preferred among those that begin where it does. */
  readonly #lengths: number[] = [0];
  readonly #ids: number[] = [-1];
  /** What one of the texts may begin with. */
  readonly #first: RegExp | undefined;

  /**
   * @param texts with their ids; of equal ones the first counts, and empty ones do not.
   * @param takesLowest of those that begin at one position the lowest id, not the longest.
   * @throws TokenizerError `invalid-input` where they have too many characters together.
   */
  constructor(texts: Iterable<readonly [text: string, id: number]>, takesLowest = false) {
    const first = new Set<string>();
    const parents: number[] = [0];
    const units: number[] = [0];
    let total = 0;
    for (const [text, id] of texts) {
      total += text.length;
      checkTotal(total);
      let node = 0;
      for (let i = text.length - 1; i >= 0; i--) {
        const unit = text.charCodeAt(i);
        let next = this.#edges.get(node * 65536 + unit);
        if (next === undefined) {
          next = this.#links.push(0) - 1;
          this.#edges.set(node * 65536 + unit, next);
          this.#lengths.push(0);
          this.#ids.push(-1);
          parents.push(node);
          units.push(unit);
        }
        node = next;
      }
      if (node === 0 || this.#ids[node]! >= 0) continue;
      first.add(`\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`);
      this.#ids[node] = id;
      this.#lengths[node] = text.length;
    }
    if (first.size === 0) return;
    this.#first = new RegExp(`[${[...first].join("")}]`, "g");
    this.#link(parents, units, takesLowest);
  }

  #link(parents: readonly number[], units: readonly number[], takesLowest: boolean): void {
    const depths = new Int32Array(parents.length);
    for (let node = 1; node < depths.length; node++) depths[node] = depths[parents[node]!]! + 1;
    // From the root outwards.
    const order = Array.from(depths.keys()).sort((a, b) => depths[a]! - depths[b]!);
    for (const node of order) {
      if (node === 0) continue;
      const parent = parents[node]!;
      const link = parent === 0 ? 0 : this.#next(this.#links[parent]!, units[node]!);
      this.#links[node] = link;
      const own = this.#ids[node]!;
      const other = this.#ids[link]!;
      if (own >= 0 && (other < 0 || !takesLowest || own < other)) continue;
      this.#ids[node] = other;
      this.#lengths[node] = this.#lengths[link]!;
    }
  }

  #next(from: number, unit: number): number {
    for (let node = from; ; node = this.#links[node]!) {
      const next = this.#edges.get(node * 65536 + unit);
      if (next !== undefined || node === 0) return next ?? 0;
    }
  }

  get isEmpty(): boolean {
    return !this.#first;
  }

  /** All matches that do not overlap, in order. */
  matches(text: string): readonly TokenMatch[] {
    const first = this.#first;
    if (!first) return [];
    first.lastIndex = 0;
    if (!first.test(text)) return [];
    const begin = first.lastIndex - 1;
    const ids = new Int32Array(text.length - begin);
    const lengths = new Int32Array(ids.length);
    let node = 0;
    for (let at = text.length - 1; at >= begin; at--) {
      node = this.#next(node, text.charCodeAt(at));
      ids[at - begin] = this.#ids[node]!;
      lengths[at - begin] = this.#lengths[node]!;
    }
    const found: TokenMatch[] = [];
    for (let i = 0; i < ids.length; ) {
      const length = lengths[i]!;
      if (length > 0) found.push({ id: ids[i]!, from: begin + i, to: begin + i + length });
      i += length || 1;
    }
    return found;
  }
}
