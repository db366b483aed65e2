import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TokenizerError } from "../src/index.js";
import { readPattern } from "../src/json/parts.js";

interface Case {
  readonly pattern: string;
  readonly text: string;
  readonly replaced?: string;
}

/** What the reference finds: tooling/reference/tokenizer-patterns.py. */
const cases: readonly Case[] = JSON.parse(
  readFileSync(new URL("./fixtures/patterns.json", import.meta.url), "utf8"),
) as Case[];

/** Refused though the reference takes them: not regular, or of no use in a tokenizer. */
const REFUSED = ["(a)\\1", "(?>a|ab)c", "\\cA", "\\Ka", "b\\Ka", "\\Ga", "\\y", "a{3,1}", "(?W)\\w", "(?~ab)", "\\R"];
/** Matched otherwise: a ligature is not its letters, whatever their case. */
const DIVERGENT = ["(?i)\ufb01"];

function replaced(pattern: object, text: string): string {
  let made = "";
  let done = 0;
  for (const [from, to] of readPattern(pattern)(text)) {
    made += `${text.slice(done, from)}<>`;
    done = to;
  }
  return made + text.slice(done);
}

describe("regular expressions find what the reference's find", () => {
  for (const { pattern, text, replaced: expected } of cases) {
    test(`${pattern} in ${JSON.stringify(text)}`, () => {
      const find = (): string => replaced({ Regex: pattern }, text);
      if (expected === undefined || REFUSED.includes(pattern)) expect(find).toThrow(TokenizerError);
      else if (DIVERGENT.includes(pattern)) expect(find()).not.toBe(expected);
      else expect(find()).toBe(expected);
    });
  }
});

test("a text to look for is no expression", () => {
  expect(replaced({ String: "a.b" }, "a.ba.b axb")).toBe("<><> axb");
  expect(replaced({ String: "aa" }, "aaaaa")).toBe("<><>a");
  expect(replaced({ String: "" }, "ab")).toBe(replaced({ Regex: "" }, "ab"));
});

describe("no pattern takes longer than the text is long", () => {
  const long = "a".repeat(50_000);
  const hostile: readonly (readonly [object, string, string])[] = [
    [{ Regex: "^(\\w+\\s?)*$" }, `${long}!`, `${long}!`],
    [{ Regex: "(a*)*b" }, long, long],
    [{ Regex: "(a|a)*b" }, `${long}b`, "<>"],
    [{ Regex: "a.*b|a" }, long, "<>".repeat(50_000)],
    [{ Regex: "\\w+(?=!)" }, long, long],
    [{ Regex: "(?<=a+)b" }, `${long}b`, `${long}<>`],
    [{ Regex: "(?:a?){200}a{200}b" }, long, long],
    [{ String: `b${long}` }, long, long],
  ];
  test.each(hostile)("%j", (pattern, text, expected) => {
    expect(replaced(pattern, text)).toBe(expected);
  });

  test.each(["(?:a{900}){900}", "(?:(?:){90000}){90000}", "(".repeat(5000), "[".repeat(5000), "a".repeat(20_000)])(
    "one that is too large is refused: %.20s",
    (source) => {
      expect(() => readPattern({ Regex: source })).toThrow(TokenizerError);
    },
  );
});

test("properties that Unicode has changed are the engine's", () => {
  // U+0363 combines, and has been alphabetic since Unicode 16; the reference has version 14.
  const isAlphabetic = /\p{Alphabetic}/u.test("\u0363");
  expect(replaced({ Regex: "[[:alpha:]]" }, "\u0363")).toBe(isAlphabetic ? "<>" : "\u0363");
  expect(replaced({ Regex: "\\w" }, "\u0363")).toBe("<>");
});
