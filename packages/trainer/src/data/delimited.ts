import type { TextEncoding } from "./encoding.js";
import type { FieldMapping } from "./fields/mapping.js";
import type { RecordFormat } from "./format.js";
import { RowReader } from "./rows.js";

export interface DelimitedOptions {
  /** Default ",", or what the line `sep=;` says that Excel writes before the header. */
  readonly delimiter?: string;
  /**
   * What stands around fields with delimiters or line breaks in them, doubled within (RFC 4180). Default `"`; null for
   * none, the default where the delimiter is a tab: there quotes are part of the text.
   */
  readonly quote?: string | null;
  /** The columns' names, for files without a header line. */
  readonly columns?: readonly string[];
  /** Lines between rows that begin so are comments. Default none. */
  readonly comment?: string;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

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
