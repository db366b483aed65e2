import { TokenizerError } from "../errors.js";
import { TokenMatcher } from "../token-matcher.js";
import { type FindAll, makeMatcher } from "./pattern/matcher.js";
import { compile } from "./pattern/program.js";
import { readSyntax } from "./pattern/syntax.js";

export type Json = Readonly<Record<string, unknown>>;

export function object(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new TokenizerError("invalid-file", `tokenizer.json: ${path} is missing, or no object`, { path });
}

/** A pattern of the file: `{"String": "..."}` or `{"Regex": "..."}`. */
export function readPattern(value: unknown): FindAll {
  const { String: text, Regex: regex } = object(value, "a pattern");
  if (typeof text === "string" && text !== "") {
    const matcher = new TokenMatcher([[text, 0]]);
    return (within) => matcher.matches(within).map(({ from, to }) => [from, to]);
  }
  // An empty text is found between all characters, as an empty expression is.
  return makeMatcher(compile(readSyntax(String(typeof text === "string" ? text : regex))));
}
