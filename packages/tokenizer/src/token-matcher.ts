/** A node of the trie: next units, and the id of the text that ends here, -1 for none. */
interface Node {
  readonly next: Map<number, Node>;
  id: number;
}

const makeNode = (): Node => ({ next: new Map(), id: -1 });

/** Finds texts in a text, leftmost and then longest first; any number of them, in time that grows with the text. */
export class TokenMatcher {
  readonly #root = makeNode();
  /** What one of the texts may begin with. */
  readonly #first: RegExp | undefined;

  readonly #takesLowest: boolean;

  /**
   * @param texts with their ids; of equal ones the first counts, and empty ones do not.
   * @param takesLowest of those that begin at one place the lowest id, not the longest.
   */
  constructor(texts: Iterable<readonly [text: string, id: number]>, takesLowest = false) {
    this.#takesLowest = takesLowest;
    for (const [text, id] of texts) {
      let node = this.#root;
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        let next = node.next.get(unit);
        if (!next) {
          next = makeNode();
          node.next.set(unit, next);
        }
        node = next;
      }
      if (node.id < 0) node.id = id;
    }
    const units = Array.from(this.#root.next.keys(), (unit) => `\\u${unit.toString(16).padStart(4, "0")}`);
    if (units.length > 0) this.#first = new RegExp(`[${units.join("")}]`, "g");
  }

  get isEmpty(): boolean {
    return !this.#first;
  }

  /** The next match at or after `from`, in UTF-16 units. */
  next(text: string, from: number): { readonly id: number; readonly from: number; readonly to: number } | undefined {
    const first = this.#first;
    if (!first) return undefined;
    first.lastIndex = from;
    while (first.test(text)) {
      const start = first.lastIndex - 1;
      let id = -1;
      let to = start;
      let at = start;
      for (let node = this.#root.next.get(text.charCodeAt(at)); node; node = node.next.get(text.charCodeAt(at))) {
        at++;
        if (node.id < 0 || (this.#takesLowest && id >= 0 && node.id > id)) continue;
        id = node.id;
        to = at;
      }
      if (id >= 0) return { id, from: start, to };
    }
    return undefined;
  }
}
