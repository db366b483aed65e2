import Papa from "papaparse";
import { DataError, show } from "./error.js";
import type { FieldMapping, Row } from "./fields.js";
import { LineGroup, type RecordFormat, type TextRecord } from "./format.js";
import { LONGEST_RECORD, type TextEncoding, type TextLine } from "./lines.js";

export interface DelimitedOptions {
  /** Default ",". */
  readonly delimiter?: string;
  /**
   * What stands around fields with delimiters or line breaks in them, doubled within (RFC 4180). Default `"`; null for
   * none, the default where the delimiter is a tab: there quotes are part of the text.
   */
  readonly quote?: string | null;
  /** The columns' names, for files without a header line. */
  readonly columns?: readonly string[];
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

/** Bytes of a record with quoted line breaks at most: a quote that nothing closes would take the rest of the file. */
const LONGEST_QUOTED = Math.min(LONGEST_RECORD, 1 << 24);

/** Comma-separated values as RFC 4180 has them, with a header line unless `columns` names them. */
export function csv<T extends object>(fields: FieldMapping<T>, options: DelimitedOptions = {}): RecordFormat<T> {
  const { delimiter = ",", columns: named, encoding = "utf-8" } = options;
  const quote = options.quote === undefined ? (delimiter === "\t" ? null : '"') : options.quote;
  return {
    kind: "records",
    encoding,
    open(file) {
      let columns: readonly string[] | undefined;
      const split = (record: TextRecord): string[] =>
        quote === null ? record.text.split(delimiter) : splitQuoted(record, delimiter, quote, file);
      const useColumns = (names: readonly string[], line: number | undefined): void => {
        columns = checkColumns(names, fields.required, { file, line });
      };
      if (named) useColumns(named, undefined);
      return {
        async *group(lines) {
          for await (const record of records(lines, delimiter, quote, file)) {
            if (columns) yield record;
            else useColumns(split(record), record.line);
          }
        },
        parse(record) {
          const names = columns!;
          const cells = split(record);
          const where = { file, line: record.line };
          if (cells.length !== names.length) {
            throw new DataError(
              "invalid-syntax",
              `the row has ${cells.length} fields, the header ${names.length}`,
              where,
            );
          }
          const row: Row = Object.fromEntries(names.map((name, i) => [name, cells[i]]));
          return fields.read(row, where);
        },
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

function checkColumns(
  names: readonly string[],
  required: readonly string[],
  where: { readonly file: string; readonly line: number | undefined },
): readonly string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new DataError("invalid-syntax", `two columns have the name ${show(twice)}`, { ...where, field: twice });
  }
  for (const field of required) {
    if (names.includes(field)) continue;
    throw new DataError(
      "missing-field",
      `there is no column ${show(field)}; the columns are ${names.slice(0, 12).map(show).join(", ")}` +
        " (a file without a header line needs the columns' names)",
      { ...where, field },
    );
  }
  return names;
}

async function* records(
  lines: AsyncIterable<TextLine>,
  delimiter: string,
  quote: string | null,
  file: string,
): AsyncGenerator<TextRecord> {
  const group = new LineGroup(file, LONGEST_QUOTED);
  let open = false;
  for await (const line of lines) {
    if (group.isEmpty && line.text === "") continue;
    group.add(line, "is a quote left open?");
    if (quote !== null) open = endsOpen(line.text, open, delimiter, quote);
    if (!open) yield group.take();
  }
  if (!group.isEmpty) {
    const { line } = group.take();
    throw new DataError("invalid-syntax", "the quote that this row opens is never closed", { file, line });
  }
}

/** Whether a quoted field goes on after a line. A quote opens a field at its beginning only. */
function endsOpen(text: string, open: boolean, delimiter: string, quote: string): boolean {
  let inside = open;
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (!inside) inside = at === 0 || text.startsWith(delimiter, at - delimiter.length);
    else if (text[at + 1] === quote) at++;
    else inside = false;
  }
  return inside;
}

function splitQuoted({ text, line }: TextRecord, delimiter: string, quote: string, file: string): string[] {
  if (!text.includes(quote)) return text.split(delimiter);
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, quoteChar: quote, newline: "\n" });
  const [error] = errors;
  if (error) throw new DataError("invalid-syntax", `the row is not valid CSV: ${error.message}`, { file, line });
  if (data.length !== 1) throw new DataError("invalid-syntax", "text follows a closing quote", { file, line });
  return data[0]!;
}
