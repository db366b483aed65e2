import { TokenizerError } from "../errors.js";

export type Json = Readonly<Record<string, unknown>>;

export function object(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new TokenizerError("invalid-file", `tokenizer.json: ${path} is missing, or no object`, { path });
}

/** A pattern of the file: `{"String": "..."}` or `{"Regex": "..."}`. */
export function readPattern(value: unknown): RegExp {
  const pattern = object(value, "a pattern");
  const { String: text, Regex: regex } = pattern;
  const source =
    typeof text === "string" ? text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") : typeof regex === "string" && widen(regex);
  try {
    if (typeof source === "string") return new RegExp(source, "gu");
  } catch (error) {
    throw new TokenizerError(
      "unsupported",
      `tokenizer.json: cannot use the pattern ${String(source)}: ${(error as Error).message}`,
      {
        pattern: source,
      },
    );
  }
  throw new TokenizerError("invalid-file", "tokenizer.json: a pattern is neither String nor Regex", { pattern: value });
}

const CLASSES: Readonly<Record<string, string>> = {
  w: "\\p{L}\\p{M}\\p{N}\\p{Pc}",
  d: "\\p{Nd}",
  s: "\\p{White_Space}",
};

/** `\w`, `\d` and `\s` are of Unicode in the reference's regular expressions, and of ASCII in ours unless spelled out. */
function widen(regex: string): string {
  let isClass = false;
  return regex.replace(/\\[\s\S]|[[\]]/g, (part) => {
    if (part === "[" || part === "]") isClass = part === "[";
    const name = part[1] ?? "";
    const members = CLASSES[name.toLowerCase()];
    if (!members || part.length < 2) return part;
    if (isClass) return name === name.toLowerCase() ? members : part;
    return `[${name === name.toLowerCase() ? "" : "^"}${members}]`;
  });
}
