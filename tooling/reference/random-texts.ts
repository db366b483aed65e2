/** Random texts where tokenizers may err, the same for the same seed, and what comparing answers takes. */

import { seededRandom } from "../config/seeded.ts";

let next = seededRandom(0);
export const seed = (value: number): void => {
  next = seededRandom(value);
};
export const random = (): number => next();
export const below = (n: number): number => Math.floor(random() * n);
export const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
export const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);

// Where the interesting code points are: marks, controls, spaces, punctuation, letters with case, CJK and its oddities,
// Hangul, emoji, private use, and stretches that no Unicode version has assigned.
const ranges: readonly (readonly [number, number])[] = [
  [0x00, 0x7f],
  [0x80, 0xff],
  [0x100, 0x24f],
  [0x250, 0x36f],
  [0x300, 0x36f],
  [0x370, 0x3ff],
  [0x400, 0x52f],
  [0x590, 0x6ff],
  [0x7c0, 0x8ff],
  [0x900, 0xdff],
  [0xe00, 0xfff],
  [0x1000, 0x10ff],
  [0x1100, 0x11ff],
  [0x13a0, 0x13ff],
  [0x1780, 0x1aff],
  [0x1ab0, 0x1aff],
  [0x1c80, 0x1cbf],
  [0x1dc0, 0x1dff],
  [0x1e00, 0x1fff],
  [0x2000, 0x206f],
  [0x20a0, 0x22ff],
  [0x20d0, 0x20ff],
  [0x2c00, 0x2fff],
  [0x3000, 0x30ff],
  [0x302a, 0x302f],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa640, 0xa6ff],
  [0xa8e0, 0xa8f1],
  [0xab30, 0xabbf],
  [0xac00, 0xd7a3],
  [0xd7b0, 0xd7ff],
  [0xe000, 0xf8ff],
  [0xf900, 0xfaff],
  [0xfb00, 0xfdff],
  [0xfe00, 0xfe6f],
  [0xff00, 0xffff],
  [0x10000, 0x107ff],
  [0x10a00, 0x10fff],
  [0x11000, 0x11fff],
  [0x16ac0, 0x16fff],
  [0x1b000, 0x1bcff],
  [0x1d100, 0x1d24f],
  [0x1d165, 0x1d172],
  [0x1d400, 0x1d7ff],
  [0x1e000, 0x1e2ff],
  [0x1e800, 0x1e95f],
  [0x1f000, 0x1faff],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2ceaf],
  [0x2b820, 0x2b920],
  [0x2ceb0, 0x2ebef],
  [0x2f800, 0x2fa1f],
  [0x30000, 0x3134a],
  [0x40000, 0xdffff],
  [0xe0000, 0xe01ef],
  [0xf0000, 0x10ffff],
];
export const tricky = [
  "\u0130",
  "\u0131",
  "\u1e9e",
  "\u00df",
  "\u03a3",
  "\u03c2",
  "A\u03a3",
  "\u01c5",
  "\u212a",
  "\u212b",
  "\u0344",
  "\u0f73",
  "\u0958",
  "\u2126",
  "\u037e",
  "\u1fef",
  "\u200d",
  "\u200b",
  "\ufeff",
  "\u00ad",
  "\u2028",
  "\u2029",
  "\x85",
  "\x0b",
  "\x1c",
  "\u3000",
  "\ufffd",
  "\0",
  "\r\n",
  "\u{1F468}\u200d\u{1F469}\u200d\u{1F467}",
  "\u{1F1EB}\u{1F1F7}",
  "\u{1F44D}\u{1F3FD}",
  "[MASK]",
  "[CLS]",
  "[SEP]",
  "[UNK]",
  "[PAD]",
  "[mask]",
  " [MASK] ",
  "[MASK]x",
  "[[MASK]]",
  "<x>",
  " <y> ",
  "caf\u00e9",
  "Caf\u00e9",
  "CAFE\u0301",
  "abcd",
  "ABCD",
  "abcD",
  "ABcdbcD",
  "abcxd",
  "new token",
  "a new token.",
  "\u6771\u4eac",
  "##ing",
  "<mask>",
  "<S2>",
  "<s1>",
  "do not",
  "don't",
  " 's",
  " .",
  "\u1112\u1161\u11ab",
  "\u0327\u0301",
  "\u{16FF0}\u0301",
];

export function character(): string {
  const [from, to] = pick(ranges);
  const c = from + below(to - from + 1);
  return c >= 0xd800 && c < 0xe000 ? "x" : String.fromCodePoint(c);
}

const recase = (word: string): string =>
  random() < 0.2 ? word.toUpperCase() : random() < 0.3 ? word.slice(0, 1).toUpperCase() + word.slice(1) : word;

/** Makers of texts of several kinds, out of words and characters. */
export const textKinds = (words: readonly string[]): readonly (() => string)[] => [
  () => times(1 + below(30), () => pick(words).replace("##", "")).join(" "),
  () => times(1 + below(40), character).join(""),
  () => times(1 + below(9), () => times(1 + below(9), character).join("")).join(" "),
  () =>
    times(
      1 + below(20),
      () => recase(pick(words).replace("##", "")) + pick([" ", " ", ", ", ". ", "-", "'", "\n", "  "]),
    ).join(""),
  () =>
    times(1 + below(12), () => (random() < 0.5 ? pick(tricky) : random() < 0.5 ? pick(words) : character())).join(
      pick(["", " "]),
    ),
  // Marks upon marks.
  () =>
    times(
      1 + below(6),
      () =>
        pick(words) +
        times(below(7), () =>
          String.fromCodePoint(pick([0x300, 0x1dc0, 0x20d0, 0x8d3, 0x302a, 0x1d165, 0x1e130]) + below(16)),
        ).join(""),
    ).join(" "),
  // Words around the limit of 100 characters.
  () => times(1 + below(3), () => pick(["a", "\u00e9", "\u{1d504}", "\u0301b", "ab"]).repeat(90 + below(25))).join(" "),
];

/** What some work returns, as JSON knows it, or its error. */
export function attempt(work: () => unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(work()));
  } catch (error) {
    return { error: (error as Error).message };
  }
}

export const isError = (answer: unknown): answer is { error: string } =>
  typeof (answer as { error?: unknown }).error === "string";
