/**
 * Canonical decomposition as the fast tokenizer's crate has it (Unicode 12). Unicode never changes a decomposition or a
 * combining class once there, so the engine's `normalize` is as good as a table where the pinned sets say there is one.
 */
import { DECOMPOSABLE, SURVIVING } from "../generated/unicode-tables.js";
import { fastClass, MARK } from "./classes.js";
import { setOf } from "./runs.js";

const isDecomposable = /* @__PURE__ */ setOf(DECOMPOSABLE);

/** Whether a code point combines, and stays when accents are stripped. */
export const isSurviving: (codePoint: number) => boolean = /* @__PURE__ */ setOf(SURVIVING);

/** The code points of a text. */
export const codePoints = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0)!);

/** The parts of one code point, in order. */
export function decompose(codePoint: number): number[] {
  const isSyllable = codePoint >= 0xac00 && codePoint < 0xd7a4;
  if (!isSyllable && (codePoint < 0xc0 || !isDecomposable(codePoint))) return [codePoint];
  return codePoints(String.fromCodePoint(codePoint).normalize("NFD"));
}

const changes = (text: string): boolean => text.normalize("NFD") !== text;
const combining = new Map<number, boolean>();

/** Whether a decomposed code point has a combining class. */
export function isCombining(codePoint: number): boolean {
  if (codePoint < 0x300) return false;
  let known = combining.get(codePoint);
  if (known === undefined) {
    const character = String.fromCodePoint(codePoint);
    // U+0345 is of the highest class there is and U+0334 of the lowest: beside a combining one, one of the two moves.
    const moves = fastClass(codePoint) === MARK && (changes(`\u0345${character}`) || changes(`${character}\u0334`));
    known = moves || isSurviving(codePoint);
    combining.set(codePoint, known);
  }
  return known;
}

/** For each of some combining code points its place in the order of their classes; equal classes share a place. */
export function rankCombining(points: Iterable<number>): Map<number, number> {
  const swaps = (a: number, b: number): boolean => changes(String.fromCodePoint(a, b));
  const sorted = [...new Set(points)].sort((a, b) => (swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0));
  const ranks = new Map<number, number>();
  let rank = 0;
  sorted.forEach((codePoint, i) => {
    if (i > 0 && swaps(codePoint, sorted[i - 1]!)) rank++;
    ranks.set(codePoint, rank);
  });
  return ranks;
}
