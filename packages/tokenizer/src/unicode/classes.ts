import { CLASSES, FAST_CONTROL, FAST_MARKS, FAST_PUNCTUATION } from "../generated/unicode-tables.js";
import { countUpTo, readNumbers, readSet } from "./runs.js";

/** What a tokenizer has to know of a code point before it is split. */
export const OTHER = 0;
/** Dropped by text cleaning: Cc, Cf, Cn, Co, Cs except tab and line ends, and U+FFFD. */
export const CONTROL = 1;
/** Tab, line feed, carriage return and category Zs. */
export const SPACE = 2;
/** ASCII symbols and the categories P*. */
export const PUNCTUATION = 3;
/** Category Mn, what stripping accents removes. */
export const MARK = 4;

/** Class by Python's unicodedata 14.0, as the slow tokenizer asks for it. */
export type ClassOf = (codePoint: number) => number;

let slow: ClassOf | undefined;

export function slowClasses(): ClassOf {
  if (slow) return slow;
  const bounds: number[] = [];
  const classes: number[] = [];
  let at = 0;
  for (const n of readNumbers(CLASSES)) {
    bounds.push(at);
    classes.push(n % 5);
    at += (n - (n % 5)) / 5;
  }
  bounds.push(at);
  classes.push(OTHER);
  const find: ClassOf = (codePoint) => classes[countUpTo(bounds, codePoint) - 1]!;
  // 0 for not looked up yet, else the class plus 1.
  const known = new Uint8Array(0x10000);
  slow = (codePoint) => {
    if (codePoint > 0xffff) return find(codePoint);
    known[codePoint] ||= find(codePoint) + 1;
    return known[codePoint]! - 1;
  };
  return slow;
}

/** Code points that `char::is_whitespace` of Rust knows: fixed by Unicode since 6.3. */
export function isRustWhitespace(c: number): boolean {
  return (c >= 9 && c <= 13) || c === 32 || c === 0x85 || isWideSpace(c);
}

/** Code points for which Python's `str.isspace` holds, and at which `str.split` splits. */
export function isPythonSpace(c: number): boolean {
  return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c === 0x85 || isWideSpace(c);
}

function isWideSpace(c: number): boolean {
  return (
    c === 0xa0 ||
    c === 0x1680 ||
    (c >= 0x2000 && c <= 0x200a) ||
    c === 0x2028 ||
    c === 0x2029 ||
    c === 0x202f ||
    c === 0x205f ||
    c === 0x3000
  );
}

/** The three questions the fast tokenizer asks, each crate with its own Unicode version. */
export interface FastClasses {
  readonly isControl: (codePoint: number) => boolean;
  readonly isPunctuation: (codePoint: number) => boolean;
  readonly isMark: (codePoint: number) => boolean;
}

let fast: FastClasses | undefined;

export function fastClasses(): FastClasses {
  if (fast) return fast;
  const base = slowClasses();
  const control = readSet(FAST_CONTROL);
  const punctuation = readSet(FAST_PUNCTUATION);
  const marks = readSet(FAST_MARKS);
  fast = {
    isControl: control,
    isPunctuation: (c) => (base(c) === PUNCTUATION) !== punctuation(c),
    isMark: (c) => (base(c) === MARK) !== marks(c),
  };
  return fast;
}

/** The blocks that BERT calls Chinese characters. */
export function isChinese(c: number, fast: boolean): boolean {
  return (
    (c >= 0x4e00 && c <= 0x9fff) ||
    (c >= 0x3400 && c <= 0x4dbf) ||
    (c >= 0x20000 && c <= 0x2a6df) ||
    (c >= 0x2a700 && c <= 0x2b81f) ||
    // The Rust crate has a slip here: it leaves out U+2B820 to U+2B91F, and both are reproduced.
    (c >= (fast ? 0x2b920 : 0x2b820) && c <= 0x2ceaf) ||
    (c >= 0xf900 && c <= 0xfaff) ||
    (c >= 0x2f800 && c <= 0x2fa1f)
  );
}
