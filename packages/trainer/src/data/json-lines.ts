import { DataError, show } from "./error.js";
import type { FieldMapping, Row } from "./fields.js";
import { nonEmptyLines, type RecordFormat } from "./format.js";

/** JSON Lines: an object a line. Empty lines are skipped. */
export function jsonLines<T extends object>(fields: FieldMapping<T>): RecordFormat<T> {
  return {
    kind: "records",
    encoding: "utf-8",
    open: (file) => ({
      group: nonEmptyLines,
      parse({ text, line }) {
        let value: unknown;
        try {
          value = JSON.parse(text);
        } catch (cause) {
          throw new DataError(
            "invalid-syntax",
            `the line is not JSON: ${(cause as Error).message}`,
            { file, line },
            cause,
          );
        }
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
          throw new DataError("invalid-syntax", `the line is ${show(value)}; it must be a JSON object`, { file, line });
        }
        return fields.read(value as Row, { file, line });
      },
    }),
  };
}
