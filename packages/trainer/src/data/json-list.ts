import { TokenType } from "@streamparser/json";
import { DataError, show } from "./error.js";
import type { FieldMapping, Row } from "./fields/mapping.js";
import type { DocumentFormat } from "./format.js";
import { streamJson } from "./json-stream.js";
import { locate } from "./location.js";
import type { ByteSource } from "./source.js";

/** Names under which an object has its list. */
const LISTS = ["data", "rows", "examples"];

/**
 * A list of objects in one JSON document, as pandas and Hugging Face's `datasets` write it, also under `data`, `rows` or
 * `examples` of an object. It is read object by object.
 */
export function jsonList<T extends object>(fields: FieldMapping<T>): DocumentFormat<T> {
  return {
    kind: "document",
    async *read(source, signal) {
      const file = source.name;
      let found = false;
      for await (const { value, line } of itemsOf(source, signal)) {
        found = true;
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
          throw new DataError("invalid-value", `an example is ${show(value)}; it must be an object`, { file, line });
        }
        yield locate(fields.read(value as Row, { file, line }), { file, line });
      }
      if (found) return;
      throw new DataError(
        "missing-field",
        `there is no list of objects: write [{...}, {...}], or such a list under ${LISTS.map(show).join(", ")} ` +
          '(pandas: to_json(path, orient="records"))',
        { file },
      );
    },
  };
}

function itemsOf(source: ByteSource, signal: AbortSignal | undefined) {
  let itemDepth = 2;
  let began = 1;
  return streamJson(source, signal, {
    paths(root) {
      itemDepth = root === "[" ? 2 : 3;
      return root === "[" ? ["$.*"] : LISTS.map((name) => `$.${name}.*`);
    },
    token(kind, _, depth, line) {
      if (depth === itemDepth && kind === TokenType.LEFT_BRACE) began = line;
    },
    value: (value) => ({ value, line: began }),
  });
}
