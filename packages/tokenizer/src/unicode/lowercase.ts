import { LOWER } from "../generated/unicode-tables.js";
import { readNumbers, signed } from "./runs.js";

let table: Map<number, number> | undefined;

function lowerTable(): Map<number, number> {
  if (table) return table;
  table = new Map();
  const numbers = readNumbers(LOWER);
  let at = 0;
  for (let i = 0; i < numbers.length; i += 3) {
    at += signed(numbers[i]!);
    const count = numbers[i + 1]! >> 1;
    const step = (numbers[i + 1]! & 1) + 1;
    for (let k = 0; k < count; k++) table.set(at + k * step, at + k * step + signed(numbers[i + 2]!));
  }
  return table;
}

/**
 * Lower case of one code point, without locale or context: Unicode 14, the same in Python 3.11 and in the Rust crate.
 * U+0130 alone becomes two code points.
 */
export function lowerCodePoint(c: number): readonly number[] {
  if (c === 0x130) return [0x69, 0x307];
  return [lowerTable().get(c) ?? c];
}

/** Python's `str.lower`: as above, and a capital sigma at the end of a word becomes the final one. */
export function pythonLower(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  let lower = "";
  let at = 0;
  for (const character of text) {
    const c = character.codePointAt(0)!;
    lower += c === 0x3a3 && endsWord(text, at) ? "\u03c2" : String.fromCodePoint(...lowerCodePoint(c));
    at += character.length;
  }
  return lower;
}

// Rare enough (a capital sigma inside an added token) that the engine's own properties will do.
function endsWord(text: string, at: number): boolean {
  return (
    /\p{Cased}\p{Case_Ignorable}*$/u.test(text.slice(0, at)) &&
    !/^\p{Case_Ignorable}*\p{Cased}/u.test(text.slice(at + 1))
  );
}
