/** Symbols of a word, and how often the word occurs. */
export interface CountedWord {
  symbols: number[];
  readonly count: number;
}

/** A pair of symbols that may be joined: how often it occurs, and in which words. */
interface Candidate {
  readonly pair: number;
  count: number;
  readonly words: readonly number[];
}

/** A pair of symbols in one number, ordered like the pair. */
const PAIR = 2 ** 26;

/**
 * Joins the most frequent pair of symbols again and again (byte-pair encoding), as the Rust trainer does: among equal
 * counts the pair with the smaller symbols comes first, and a pair that turns up again waits in line once more.
 * @param join makes the symbol for a pair, and says whether to go on.
 */
export function mergePairs(
  words: readonly CountedWord[],
  minFrequency: number,
  join: (a: number, b: number) => number | undefined,
): void {
  const counts = new Map<number, number>();
  let wordsOf = new Map<number, number[]>();
  const note = (pair: number, word: number): void => {
    const list = wordsOf.get(pair);
    if (!list) wordsOf.set(pair, [word]);
    else if (list.at(-1) !== word) list.push(word);
  };
  const change = (pair: number, by: number): void => {
    counts.set(pair, (counts.get(pair) ?? 0) + by);
  };
  words.forEach(({ symbols, count }, word) => {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const pair = symbols[i]! * PAIR + symbols[i + 1]!;
      change(pair, count);
      note(pair, word);
    }
  });
  const queue = new Queue();
  const enqueue = (): void => {
    for (const [pair, list] of wordsOf) {
      const count = counts.get(pair)!;
      if (count > 0) queue.push({ pair, count, words: list });
    }
    wordsOf = new Map();
  };
  enqueue();
  for (let top = queue.pop(); top; top = queue.pop()) {
    const count = counts.get(top.pair)!;
    if (count !== top.count) {
      top.count = count;
      queue.push(top);
      continue;
    }
    if (count < 1 || count < minFrequency) return;
    const first = Math.floor(top.pair / PAIR);
    const second = top.pair % PAIR;
    const joined = join(first, second);
    if (joined === undefined) return;
    for (const index of top.words) {
      const word = words[index]!;
      const { symbols } = word;
      const lose = (a: number, b: number): void => change(a * PAIR + b, -word.count);
      const gain = (a: number, b: number): void => {
        change(a * PAIR + b, word.count);
        note(a * PAIR + b, index);
      };
      for (let i = 0; i + 1 < symbols.length; i++) {
        if (symbols[i] !== first || symbols[i + 1] !== second) continue;
        const before = symbols[i - 1];
        const after = symbols[i + 2];
        if (before !== undefined) {
          lose(before, first);
          gain(before, joined);
        }
        symbols.splice(i, 2, joined);
        if (after !== undefined) {
          lose(second, after);
          gain(joined, after);
        }
      }
    }
    enqueue();
  }
}

/** A binary heap: most frequent first, then the smallest pair. */
class Queue {
  readonly #items: Candidate[] = [];

  push(item: Candidate): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!goesFirst(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (!last || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && goesFirst(items[child + 1]!, items[child]!)) child++;
      if (!goesFirst(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}

function goesFirst(a: Candidate, b: Candidate): boolean {
  return a.count !== b.count ? a.count > b.count : a.pair < b.pair;
}
