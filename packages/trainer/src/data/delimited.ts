import type { DelimitedOptions } from "./delimited-options.js";
import type { FieldMapping } from "./fields/mapping.js";
import type { RecordFormat } from "./format.js";
import { RowReader } from "./rows.js";

/**
 * Comma-separated values as RFC 4180 has them, with a header line unless `columns` names them. Columns at the end that
 * have no name may hold nothing.
 */
export function csv<T extends object>(fields: FieldMapping<T>, options: DelimitedOptions = {}): RecordFormat<T> {
  return {
    kind: "records",
    encoding: options.encoding ?? "utf-8",
    open(file) {
      const reader = new RowReader(file, options, fields.required);
      return {
        group: (lines) => reader.rows(lines),
        parse: (record) => fields.read(reader.read(record), { file, line: record.line }),
      };
    },
  };
}

/** Tab-separated values. Quotes mean nothing unless `quote` is set. */
export function tsv<T extends object>(
  fields: FieldMapping<T>,
  options: Omit<DelimitedOptions, "delimiter"> = {},
): RecordFormat<T> {
  return csv(fields, { ...options, delimiter: "\t" });
}
