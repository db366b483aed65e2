import { TokenizerError } from "../../errors.js";
import { type Flags, withFlags } from "./flags.js";
import type { Assertion, Pattern } from "./pattern.js";
import { type CodeSet, complement, intersection, isWord, namedSet, range, union, withCases } from "./sets.js";

const LONGEST = 10_000;
const DEEPEST = 100;
const MOST_REPEATS = 100_000;

const ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };
const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: "text-start",
  z: "text-end",
  Z: "last-line-end",
  b: "boundary",
  B: "no-boundary",
};
const CLASSES: Readonly<Record<string, string>> = { w: "word", d: "digit", s: "space", h: "xdigit" };

/**
 * Reads a regular expression of the reference's engine, Oniguruma in Ruby's syntax: `^` and `$` are of lines, `\h` is a
 * hexadecimal digit, and `(?m)` lets the dot match line ends.
 * @throws TokenizerError `unsupported` for what this is not, or what cannot be matched in linear time: back-references,
 *   recursion, atomic groups of more than one character, conditions.
 */
export function readSyntax(source: string): Pattern {
  const text = Array.from(source);
  let at = 0;
  let depth = 0;
  const fail = (problem: string): never => {
    const shown = source.length > 200 ? `${source.slice(0, 200)}...` : source;
    throw new TokenizerError(
      "unsupported",
      `tokenizer.json: cannot use the regular expression ${JSON.stringify(shown)}: ${problem}`,
      { pattern: shown, at },
    );
  };
  if (text.length > LONGEST) fail(`it has more than ${LONGEST} characters`);
  const literal = (c: number, { ignoreCase }: Flags): Pattern => {
    const set = range(c, c);
    return { kind: "set", set: ignoreCase ? withCases(set) : set };
  };
  const takes = (words: string): boolean => {
    if (
      !text
        .slice(at, at + words.length)
        .join("")
        .startsWith(words)
    )
      return false;
    at += words.length;
    return true;
  };
  const until = (end: string): string => {
    const stop = text.indexOf(end, at);
    if (stop < 0) fail(`"${end}" is missing`);
    const inner = text.slice(at, stop).join("");
    at = stop + 1;
    return inner;
  };

  function choice(flags: Flags): Pattern {
    if (++depth > DEEPEST) fail("its groups are nested too deeply");
    const parts = [sequence(flags)];
    while (takes("|")) parts.push(sequence(flags));
    depth--;
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  function sequence(flags: Flags): Pattern {
    const parts: Pattern[] = [];
    while (at < text.length && text[at] !== "|" && text[at] !== ")") {
      if (flags.extended && /[\s#]/.test(text[at]!)) {
        if (text[at++] === "#") while (at < text.length && text[at] !== "\n") at++;
        continue;
      }
      if (takes("(?#")) {
        until(")");
        continue;
      }
      const switched = switches(flags);
      if (switched) {
        // What follows, alternatives included, belongs to the group that the flags open.
        parts.push(choice(switched));
        break;
      }
      parts.push(repeated(atom(flags)));
    }
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  /** `(?i)`: flags for the rest of the group. */
  function switches(flags: Flags): Flags | undefined {
    const found = /^\(\?([imx]*)(?:-([imx]*))?\)/.exec(text.slice(at, at + 12).join(""));
    if (!found) return undefined;
    at += found[0].length;
    return withFlags(flags, found[1]!, found[2] ?? "");
  }

  function atom(flags: Flags): Pattern {
    const character = text[at++]!;
    switch (character) {
      case "(":
        return group(flags);
      case "[":
        return { kind: "set", set: members(flags) };
      case ".":
        return { kind: "set", set: flags.dotAll ? () => true : (c) => c !== 10 };
      case "^":
        return { kind: "assertion", assertion: "line-start" };
      case "$":
        return { kind: "assertion", assertion: "line-end" };
      case "\\":
        return escaped(flags);
      case "*":
      case "+":
      case "?":
        return fail("there is nothing to repeat");
      default:
        return literal(character.codePointAt(0)!, flags);
    }
  }

  function group(flags: Flags): Pattern {
    const close = (inner: Flags): Pattern => {
      const part = choice(inner);
      if (!takes(")")) fail("a group is not closed");
      return part;
    };
    if (!takes("?")) return close(flags);
    if (takes(":")) return close(flags);
    for (const [sign, ahead, negative] of LOOKS)
      if (takes(sign)) return { kind: "look", part: close(flags), ahead, negative };
    if (takes("<") || takes("'")) {
      const end = text[at - 1] === "<" ? ">" : "'";
      if (!/^[^\W\d]\w*$/u.test(until(end))) fail("a group's name is none");
      return close(flags);
    }
    const found = /^([imx]*)(?:-([imx]*))?:/.exec(text.slice(at, at + 12).join(""));
    if (!found) return fail("there is a group of a kind that is not supported");
    at += found[0].length;
    return close(withFlags(flags, found[1]!, found[2] ?? ""));
  }

  function repeated(first: Pattern): Pattern {
    let part = first;
    for (;;) {
      let [min, max] = [0, Number.POSITIVE_INFINITY];
      let isInterval = false;
      const interval = /^\{(\d*)(,?)(\d*)\}/.exec(text.slice(at, at + 24).join(""));
      if (takes("*")) min = 0;
      else if (takes("+")) min = 1;
      else if (takes("?")) max = 1;
      else if (interval && (interval[1] || interval[3])) {
        at += interval[0].length;
        isInterval = true;
        min = Number(interval[1] || 0);
        max = interval[3] ? Number(interval[3]) : interval[2] ? max : min;
        if (min > MOST_REPEATS || (max > MOST_REPEATS && max < Number.POSITIVE_INFINITY)) fail("it repeats too often");
        if (min > max) fail("a range of repetitions is upside down");
      } else return part;
      const greedy = !takes("?");
      if (greedy && !isInterval && takes("+")) part = possessive(part, min, max);
      else part = { kind: "repeat", part, min, max, greedy };
    }
  }

  /** A repetition that gives nothing back; of one character that is one which no further character follows. */
  function possessive(part: Pattern, min: number, max: number): Pattern {
    if (part.kind !== "set") return fail("possessive repetitions of more than one character are not supported");
    const done: Pattern = { kind: "look", part, ahead: true, negative: true };
    if (max === 1) return { kind: "choice", parts: [part, done] };
    return { kind: "sequence", parts: [{ kind: "repeat", part, min, max, greedy: true }, done] };
  }

  function escaped(flags: Flags): Pattern {
    const assertion = ASSERTIONS[text[at] ?? ""];
    if (assertion) {
      at++;
      return { kind: "assertion", assertion };
    }
    if (takes("w")) return { kind: "set", set: isWord };
    if (takes("W")) return { kind: "set", set: complement(isWord) };
    const set = escapedSet();
    if (set) return { kind: "set", set: flags.ignoreCase ? withCases(set) : set };
    if (/[1-9gkGKXRyYNO]/.test(text[at] ?? "")) fail(`\\${text[at]} is not supported`);
    return literal(escapedCharacter(), flags);
  }

  /** `\w`, `\P{L}` and the like, if that is what follows the backslash. */
  function escapedSet(): CodeSet | undefined {
    const name = text[at] ?? fail("it ends with a backslash");
    const own = CLASSES[name.toLowerCase()];
    if (own) {
      at++;
      return name === name.toLowerCase() ? namedSet(own)! : complement(namedSet(own)!);
    }
    if (name !== "p" && name !== "P") return undefined;
    at++;
    const property = takes("{") ? until("}") : (text[at++] ?? "");
    const isNot = property.startsWith("^");
    const found = namedSet(isNot ? property.slice(1) : property);
    if (!found) return fail(`there is no property ${JSON.stringify(property.slice(0, 50))}`);
    return isNot === (name === "P") ? found : complement(found);
  }

  /** The character that is written behind a backslash. */
  function escapedCharacter(): number {
    const character = text[at++]!;
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    const rest = text.slice(at, at + 12).join("");
    const found =
      character === "x"
        ? /^\{([\da-f]{1,8})\}|^([\da-f]{1,2})/i.exec(rest)
        : character === "u"
          ? /^([\da-f]{4})/i.exec(rest)
          : undefined;
    if (found) {
      at += found[0].length;
      const point = Number.parseInt(found[1] ?? found[2]!, 16);
      return point <= 0x10ffff ? point : fail("there is no character of that number");
    }
    if (character === "0") {
      const digits = /^[0-7]{0,2}/.exec(rest)![0];
      at += digits.length;
      return Number.parseInt(`0${digits}`, 8);
    }
    if (/[a-zA-Z]/.test(character) && /[xucCM]/.test(character)) fail(`\\${character} is not supported so`);
    return character.codePointAt(0)!;
  }

  /** The inside of brackets, the opening one read. */
  function members(flags: Flags): CodeSet {
    if (++depth > DEEPEST) fail("its brackets are nested too deeply");
    const isNot = takes("^");
    const sides: CodeSet[] = [];
    let sets: CodeSet[] = [];
    let isFirst = true;
    for (;;) {
      if (at >= text.length) fail("a bracket is not closed");
      if (!isFirst && takes("]")) break;
      isFirst = false;
      if (takes("&&")) {
        sides.push(union(sets));
        sets = [];
      } else if (takes("[:")) {
        const negated = takes("^");
        const set = namedSet(until(":"));
        if (!set || !takes("]")) return fail("there is a POSIX bracket of a kind that is not supported");
        sets.push(negated ? complement(set) : set);
      } else if (takes("[")) sets.push(members(flags));
      else sets.push(member());
    }
    depth--;
    sides.push(union(sets));
    const set = sides.length > 1 ? intersection(sides) : sides[0]!;
    const cased = flags.ignoreCase ? withCases(set) : set;
    return isNot ? complement(cased) : cased;
  }

  /** A class, a character, or a range of them. */
  function member(): CodeSet {
    const read = (): number => (takes("\\") ? (takes("b") ? 8 : escapedCharacter()) : text[at++]!.codePointAt(0)!);
    if (text[at] === "\\") {
      at++;
      const set = escapedSet();
      if (set) {
        if (text[at] === "-" && text[at + 1] !== "]" && text[at + 1] !== "&") fail("a range begins with a class");
        return set;
      }
      at--;
    }
    const from = read();
    if (text[at] !== "-" || text[at + 1] === "]" || at + 1 >= text.length) return range(from, from);
    at++;
    if (text[at] === "[" || /^\\[wWdDsShHpP]/.test(text.slice(at, at + 2).join(""))) fail("a range ends with a class");
    const to = read();
    if (to < from) fail("a range is empty");
    return range(from, to);
  }

  const pattern = choice({ ignoreCase: false, dotAll: false, extended: false });
  if (at < text.length) fail("a parenthesis is closed that none opened");
  return pattern;
}

const LOOKS: readonly (readonly [sign: string, ahead: boolean, negative: boolean])[] = [
  ["=", true, false],
  ["!", true, true],
  ["<=", false, false],
  ["<!", false, true],
];
