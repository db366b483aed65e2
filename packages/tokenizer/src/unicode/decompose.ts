/**
 * Canonical decomposition. Unicode never changes it, nor a combining class, for a code point once assigned (its stability
 * policy), so the engine's `normalize` is as good as a table for what Unicode 14 knows; the pinned classes say what that is.
 */
import { FAST_NOT_COMBINING } from "../generated/unicode-tables.js";
import { CONTROL, slowClasses } from "./classes.js";
import { readSet } from "./runs.js";

/** The code points of a text. */
export const codePoints = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0)!);

let unknownToFast: ((codePoint: number) => boolean) | undefined;

// Nothing of class "control" decomposes; what no one has assigned by Unicode 14 is of that class.
const isKnown = (codePoint: number): boolean => slowClasses()(codePoint) !== CONTROL;

const changes = (text: string): boolean => text.normalize("NFD") !== text;

export type Decomposition = "NFD" | "NFKD";

/** NFD (or NFKD) of one code point by the fast tokenizer's crate (Unicode 12). */
export function decompose(codePoint: number, form: Decomposition = "NFD"): number[] {
  // U+11938 came with Unicode 13.
  if (codePoint < 0xa0 || codePoint === 0x11938 || !isKnown(codePoint)) return [codePoint];
  return codePoints(String.fromCodePoint(codePoint).normalize(form));
}

const combining = new Map<number, boolean>();

/** Whether the fast tokenizer's crate gives a decomposed code point a combining class. */
export function isCombining(codePoint: number): boolean {
  if (codePoint < 0x300) return false;
  let known = combining.get(codePoint);
  if (known === undefined) {
    unknownToFast ??= readSet(FAST_NOT_COMBINING);
    const character = String.fromCodePoint(codePoint);
    // U+0345 is of the highest class there is and U+0334 of the lowest: beside a combining one, one of the two moves.
    known =
      isKnown(codePoint) &&
      !unknownToFast(codePoint) &&
      (changes(`\u0345${character}`) || changes(`${character}\u0334`));
    combining.set(codePoint, known);
  }
  return known;
}

/** For each of some combining code points its place in the order of their classes; equal classes share a place. */
export function rankCombining(codePoints: Iterable<number>): Map<number, number> {
  const swaps = (a: number, b: number): boolean => changes(String.fromCodePoint(a, b));
  const sorted = [...new Set(codePoints)].sort((a, b) => (swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0));
  const ranks = new Map<number, number>();
  let rank = 0;
  sorted.forEach((codePoint, i) => {
    if (i > 0 && swaps(codePoint, sorted[i - 1]!)) rank++;
    ranks.set(codePoint, rank);
  });
  return ranks;
}
