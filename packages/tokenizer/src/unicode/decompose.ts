import {
  COMBINING,
  COMPOSITION_EXCLUSIONS,
  FAST_NOT_COMBINING,
  PAIR_FIRSTS,
  PAIR_SECONDS,
  PAIRED,
  SECONDS,
  SINGLE,
  SINGLE_PARTS,
} from "../generated/unicode-tables.js";
import { readDifferences, readMembers, readNumbers, readSet } from "./runs.js";

// Hangul syllables are composed by rule (Unicode Standard 3.12).
const SYLLABLE = 0xac00;
const LEADING = 0x1100;
const VOWEL = 0x1161;
const TRAILING = 0x11a7;
const SYLLABLES = 11172;

interface Tables {
  /** One step of canonical decomposition. */
  readonly parts: ReadonlyMap<number, readonly number[]>;
  /** Second part by composed first part times 0x110000. */
  readonly composed: ReadonlyMap<number, number>;
  readonly combining: ReadonlyMap<number, number>;
  readonly unknownToFast: (codePoint: number) => boolean;
}

let tables: Tables | undefined;

function load(): Tables {
  if (tables) return tables;
  const parts = new Map<number, readonly number[]>();
  const composed = new Map<number, number>();
  const combining = new Map<number, number>();
  const excluded = readSet(COMPOSITION_EXCLUSIONS);
  const firsts = readDifferences(PAIR_FIRSTS);
  const places = readNumbers(PAIR_SECONDS);
  const seconds = readNumbers(SECONDS);
  readMembers(PAIRED).forEach((c, i) => {
    const pair = [firsts[i]!, seconds[places[i]!]!] as const;
    parts.set(c, pair);
    if (!excluded(c)) composed.set(pair[0] * 0x110000 + pair[1], c);
  });
  const singles = readDifferences(SINGLE_PARTS);
  readMembers(SINGLE).forEach((c, i) => {
    parts.set(c, [singles[i]!]);
  });
  const runs = readNumbers(COMBINING);
  let at = 0;
  for (let i = 0; i < runs.length; i += 3) {
    at += runs[i]!;
    for (let k = 0; k < runs[i + 1]!; k++) combining.set(at++, runs[i + 2]!);
  }
  tables = { parts, composed, combining, unknownToFast: readSet(FAST_NOT_COMBINING) };
  return tables;
}

/** Canonical combining class; 0 for starters. The fast tokenizer's crate is of an older Unicode version. */
export function combiningClass(c: number, fast: boolean): number {
  const { combining, unknownToFast } = load();
  const value = combining.get(c) ?? 0;
  return value && fast && unknownToFast(c) ? 0 : value;
}

/** Full canonical decomposition of one code point, in order. */
export function decompose(c: number, fast: boolean): readonly number[] {
  const index = c - SYLLABLE;
  if (index >= 0 && index < SYLLABLES) {
    const trailing = index % 28;
    const pair = [LEADING + Math.floor(index / 588), VOWEL + Math.floor((index % 588) / 28)];
    return trailing ? [...pair, TRAILING + trailing] : pair;
  }
  const parts = load().parts.get(c);
  // U+11938 came with Unicode 13, after the fast tokenizer's crate.
  if (!parts || (fast && c === 0x11938)) return [c];
  return parts.length === 1 ? decompose(parts[0]!, fast) : [...decompose(parts[0]!, fast), parts[1]!];
}

/** NFD of code points. `fast` chooses the Rust crate's version. */
export function nfd(points: readonly number[], fast: boolean): number[] {
  const result = points.flatMap((c) => (c < 0xc0 ? c : decompose(c, fast)));
  sortMarks(result, fast);
  return result;
}

/** Sorts each run of combining code points by class, stably, in place. */
function sortMarks(points: number[], fast: boolean): void {
  for (let from = 0; from < points.length; from++) {
    if (points[from]! < 0x300 || combiningClass(points[from]!, fast) === 0) continue;
    let to = from + 1;
    while (to < points.length && combiningClass(points[to]!, fast) !== 0) to++;
    if (to - from > 1) {
      const run = points.slice(from, to).sort((a, b) => combiningClass(a, fast) - combiningClass(b, fast));
      for (let i = 0; i < run.length; i++) points[from + i] = run[i]!;
    }
    from = to;
  }
}

/** NFC of code points, by Python's Unicode 14.0. */
export function nfc(points: readonly number[]): number[] {
  const source = nfd(points, false);
  const result: number[] = [];
  let starter = -1;
  let lastClass = 0;
  for (const c of source) {
    const current = c < 0x300 ? 0 : combiningClass(c, false);
    if (starter >= 0 && (lastClass < current || result.length === starter + 1)) {
      const joined = compose(result[starter]!, c);
      if (joined !== undefined) {
        result[starter] = joined;
        continue;
      }
    }
    if (current === 0) starter = result.length;
    lastClass = current;
    result.push(c);
  }
  return result;
}

function compose(first: number, second: number): number | undefined {
  const leading = first - LEADING;
  const vowel = second - VOWEL;
  if (leading >= 0 && leading < 19 && vowel >= 0 && vowel < 21) return SYLLABLE + (leading * 21 + vowel) * 28;
  const index = first - SYLLABLE;
  const trailing = second - TRAILING;
  if (index >= 0 && index < SYLLABLES && index % 28 === 0 && trailing > 0 && trailing < 28) return first + trailing;
  return load().composed.get(first * 0x110000 + second);
}
