import { countUpTo, readNumbers } from "./runs.js";

/** What a tokenizer has to know of a code point before it is split. Anything else is 0. */
export const CONTROL = 1;
/** White space that text cleaning turns into a space. */
export const SPACE = 2;
/** ASCII symbols and the categories P*. */
export const PUNCTUATION = 3;
/** Category Mn, what stripping accents removes. */
export const MARK = 4;

export type ClassOf = (codePoint: number) => number;

/** Reads a table when the first code point is asked for, and remembers the classes of the basic plane. */
export function classesOf(table: string): ClassOf {
  const bounds: number[] = [];
  const classes: number[] = [];
  // 0 for not looked up yet, else the class plus 1.
  const known = new Uint8Array(0x10000);
  return (codePoint) => {
    if (known[codePoint]) return known[codePoint] - 1;
    if (bounds.length === 0) {
      let at = 0;
      for (const n of readNumbers(table)) {
        classes.push(n % 5);
        at += Math.floor(n / 5);
        bounds.push(at);
      }
    }
    const found = classes[countUpTo(bounds, codePoint)] ?? 0;
    known[codePoint] = found + 1;
    return found;
  };
}

/** Code points that `char::is_whitespace` of Rust knows: fixed by Unicode since 6.3. */
export function isRustWhitespace(c: number): boolean {
  return (c >= 9 && c <= 13) || c === 32 || c === 0x85 || isWideSpace(c);
}

/** Code points for which Python's `str.isspace` holds, and at which `str.split` splits. */
export function isPythonSpace(c: number): boolean {
  return isRustWhitespace(c) || (c >= 28 && c <= 31);
}

function isWideSpace(c: number): boolean {
  return (
    c >= 0xa0 && c < 0x3001 && /[\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/.test(String.fromCharCode(c))
  );
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
