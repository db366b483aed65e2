import type { TextEncoding } from "./encoding.js";
import { DataError, show } from "./error.js";
import type { FieldMapping, Row } from "./fields/mapping.js";
import { nonEmptyLines, type RecordFormat } from "./format.js";

export interface JsonLinesOptions {
  /** Lines that begin so are comments. Default none. */
  readonly comment?: string;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

/** JSON Lines: an object a line. Empty lines are skipped. */
export function jsonLines<T extends object>(
  fields: FieldMapping<T>,
  { comment, encoding = "utf-8" }: JsonLinesOptions = {},
): RecordFormat<T> {
  return {
    kind: "records",
    encoding,
    open: (file) => ({
      group: (lines) => nonEmptyLines(lines, comment),
      parse({ text, line }) {
        let value: unknown;
        try {
          value = JSON.parse(text);
        } catch (cause) {
          throw new DataError(
            "invalid-syntax",
            `the line is not JSON: ${(cause as Error).message}${hintFor(text, line)}`,
            { file, line },
            cause,
          );
        }
        if (Array.isArray(value) && line === 1) {
          throw new DataError("invalid-syntax", `the line is a list${LIST}`, { file, line });
        }
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
          throw new DataError("invalid-syntax", `the line is ${show(value)}; it must be a JSON object`, { file, line });
        }
        return fields.read(value as Row, { file, line });
      },
    }),
  };
}

const LIST = "; a file that is one list of objects has the format json (jsonList)";

/** What the reason may be. */
function hintFor(text: string, line: number): string {
  const start = text.trimStart();
  if (line === 1 && /^[[{]\s*$/.test(start)) {
    return start.startsWith("[") ? LIST : "; one document over several lines has the format json (jsonList)";
  }
  if (start.startsWith("#")) return "; is it a comment? Name what comments begin with (comment)";
  return /:\s*(NaN|-?Infinity)\b/.test(text) ? "; NaN and Infinity are no JSON: write null, or leave the row out" : "";
}
