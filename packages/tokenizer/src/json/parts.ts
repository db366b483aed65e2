import { TokenMatcher } from "../token-matcher.js";
import { type FindAll, makeMatcher } from "./pattern/matcher.js";
import { compile } from "./pattern/program.js";
import { readSyntax } from "./pattern/syntax.js";

export type Json = Readonly<Record<string, unknown>>;

/** A pattern of the file: `{"String": "..."}` or `{"Regex": "..."}`. */
export function readPattern(value: unknown): FindAll {
  const { String: text, Regex: regex } = value as Json;
  if (typeof text === "string" && text !== "") {
    const matcher = new TokenMatcher([[text, 0]]);
    return (within) => matcher.matches(within).map(({ from, to }) => [from, to]);
  }
  // An empty text is found between all characters, as an empty expression is.
  return makeMatcher(compile(readSyntax(String(typeof text === "string" ? text : regex))));
}
