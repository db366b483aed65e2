import { CONTROL } from "../../unicode/classes.js";
import { slowClass } from "../../unicode/slow-class.js";

/** A set of code points. */
export type CodeSet = (codePoint: number) => boolean;

export const complement =
  (set: CodeSet): CodeSet =>
  (c) =>
    !set(c);
export const union =
  (sets: readonly CodeSet[]): CodeSet =>
  (c) =>
    sets.some((set) => set(c));
export const intersection =
  (sets: readonly CodeSet[]): CodeSet =>
  (c) =>
    sets.every((set) => set(c));
export const range =
  (from: number, to: number): CodeSet =>
  (c) =>
    c >= from && c <= to;

/** Members by the engine's tables, with what Unicode 14, the reference's version, has not assigned taken for unassigned. */
function byEngine(members: string): CodeSet {
  const pattern = new RegExp(`^[${members}]$`, "u");
  const known = new Map<number, boolean>();
  return (c) => {
    let answer = known.get(c);
    if (answer === undefined) {
      const character = String.fromCodePoint(c);
      const isNewer = slowClass(c) === CONTROL && !/[^\P{C}\u{13439}-\u{1343f}]|[\t\n\r\ufffd]/u.test(character);
      answer = pattern.test(isNewer ? UNASSIGNED : character);
      known.set(c, answer);
    }
    return answer;
  };
}

const UNASSIGNED = "\u0378";

/** Members of the sets that have names of their own in the reference's regular expressions (Oniguruma 6.9, Ruby syntax). */
const NAMED: Readonly<Record<string, string>> = {
  word: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}",
  digit: "\\p{Nd}",
  space: "\\p{White_Space}",
  xdigit: "0-9a-fA-F",
  alpha: "\\p{Alphabetic}",
  alnum: "\\p{Alphabetic}\\p{Nd}",
  upper: "\\p{Uppercase}",
  lower: "\\p{Lowercase}",
  punct: "\\p{P}",
  cntrl: "\\p{Cc}",
  blank: "\\p{Zs}\\t",
  ascii: "\\0-\\x7f",
  any: "\\0-\\u{10ffff}",
};

/** `\w` outside of brackets: the engine has it from Latin-1's table for what is there, superscripts and fractions included. */
export const isWord: CodeSet = (c) =>
  (c >= 0xb2 && c <= 0xbe && [0xb2, 0xb3, 0xb9, 0xbc, 0xbd, 0xbe].includes(c)) || namedSet("word")!(c);

const sets = new Map<string, CodeSet | undefined>();

/** A set by its name: `L`, `Alphabetic`, `Han`, `alnum` ... @returns undefined for a name that is not known. */
export function namedSet(name: string): CodeSet | undefined {
  const key = name.replace(/[\s_-]/g, "").toLowerCase();
  if (!sets.has(key)) sets.set(key, findSet(key, name));
  return sets.get(key);
}

function findSet(key: string, name: string): CodeSet | undefined {
  if (Object.hasOwn(NAMED, key)) return byEngine(NAMED[key]!);
  if (!/^\w+$/.test(name)) return undefined;
  const title = name.toLowerCase().replace(/(^|_)[a-z]/g, (letter) => letter.toUpperCase());
  for (const candidate of [name, title, `Script=${name}`, `Script=${title}`]) {
    try {
      return byEngine(`\\p{${candidate}}`);
    } catch {
      // No property of that name; another spelling may be one.
    }
  }
  return undefined;
}

/** The set and what differs from its members in case alone. */
export function withCases(set: CodeSet): CodeSet {
  return (c) => set(c) || casesOf(c).some(set);
}

const cases = new Map<number, readonly number[]>();

function casesOf(c: number): readonly number[] {
  let known = cases.get(c);
  if (!known) {
    const character = String.fromCodePoint(c);
    const lower = character.toLowerCase();
    known = [lower, character.toUpperCase(), lower.toUpperCase(), character.toUpperCase().toLowerCase()]
      .filter((other) => [...other].length === 1)
      .map((other) => other.codePointAt(0)!);
    // The only letters that share a case with one of ASCII without being its capital.
    if (c === 0x73 || c === 0x53) known = [...known, 0x17f];
    if (c === 0x6b || c === 0x4b) known = [...known, 0x212a];
    // A dotless i has the capital of another letter; expressions tell them apart.
    const folded = new RegExp(`^\\u{${c.toString(16)}}$`, "iu");
    known = known.filter((other) => folded.test(String.fromCodePoint(other)));
    cases.set(c, known);
  }
  return known;
}
