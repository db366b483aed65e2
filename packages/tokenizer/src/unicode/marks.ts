/** Combining classes and their order, by the engine: Unicode never changes them for what it has assigned. */

/** The code points of a text. */
export const codePoints = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0)!);

const changes = (text: string): boolean => text.normalize("NFD") !== text;
const combining = new Map<number, boolean>();

/** Whether a decomposed code point has a combining class; only for what Unicode 14 knows. */
export function hasClass(codePoint: number): boolean {
  if (codePoint < 0x300) return false;
  let known = combining.get(codePoint);
  if (known === undefined) {
    const character = String.fromCodePoint(codePoint);
    // U+0345 is of the highest class there is and U+0334 of the lowest: beside a combining one, one of the two moves.
    known = changes(`\u0345${character}`) || changes(`${character}\u0334`);
    combining.set(codePoint, known);
  }
  return known;
}

/** Whether the first of two combining code points is of a higher class than the second, so that they change places. */
export const swaps = (a: number, b: number): boolean => changes(String.fromCodePoint(a, b));

/** Sorts each run of combining code points by class, stably: in time linear in the text, which engines do not promise. */
export function sortRuns<T>(parts: T[], pointOf: (part: T) => number, combines: (codePoint: number) => boolean): void {
  for (let from = 0; from < parts.length; from++) {
    let to = from;
    while (to < parts.length && combines(pointOf(parts[to]!))) to++;
    if (to - from > 1) {
      const run = parts.slice(from, to);
      const ranks = rankCombining(run.map(pointOf));
      run.sort((a, b) => ranks.get(pointOf(a))! - ranks.get(pointOf(b))!);
      for (let i = from; i < to; i++) parts[i] = run[i - from]!;
    }
    from = to;
  }
}

/** For each of some combining code points its place in the order of their classes; equal classes share a place. */
function rankCombining(points: Iterable<number>): Map<number, number> {
  const sorted = [...new Set(points)].sort((a, b) => (swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0));
  const ranks = new Map<number, number>();
  let rank = 0;
  sorted.forEach((codePoint, i) => {
    if (i > 0 && swaps(codePoint, sorted[i - 1]!)) rank++;
    ranks.set(codePoint, rank);
  });
  return ranks;
}
