import Papa from "papaparse";
import type { DelimitedOptions } from "./delimited-options.js";
import { DataError, show } from "./error.js";
import type { Row } from "./fields/mapping.js";
import { hasColumn } from "./fields/row.js";
import { LineGroup, type TextRecord } from "./format.js";
import { LONGEST_RECORD, type TextLine } from "./lines.js";

/** Bytes of a record with quoted line breaks at most: a quote that nothing closes would take the rest of the file. */
const LONGEST_QUOTED = Math.min(LONGEST_RECORD, 1 << 24);

/** The line by which Excel is told what parts the columns. */
const EXCEL = /^"?sep=(.)"?$/i;

/** The rows of one file: `rows` sees its lines in order once, then `read` may get any row again. */
export class RowReader {
  readonly #file: string;
  readonly #options: DelimitedOptions;
  readonly #required: readonly string[];
  #delimiter: string;
  #columns: readonly string[] | undefined;

  constructor(file: string, options: DelimitedOptions, required: readonly string[]) {
    this.#file = file;
    this.#options = options;
    this.#required = required;
    this.#delimiter = options.delimiter ?? ",";
    if (options.columns) this.#useColumns(options.columns, undefined);
  }

  get #quote(): string | null {
    const { quote } = this.#options;
    return quote === undefined ? (this.#delimiter === "\t" ? null : '"') : quote;
  }

  /** The rows as records, without the header, comments, and Excel's first line. */
  async *rows(lines: AsyncIterable<TextLine>): AsyncGenerator<TextRecord> {
    const splitter = new RowSplitter(this.#file);
    let first = true;
    for await (const line of lines) {
      const excel = first ? EXCEL.exec(line.text) : null;
      first = false;
      if (excel) {
        this.#delimiter = this.#options.delimiter ?? excel[1]!;
        continue;
      }
      const record = splitter.take(line, this.#delimiter, this.#quote, this.#options.comment);
      if (record === undefined) continue;
      if (this.#columns) yield record;
      else this.#useHeader(record);
    }
    splitter.end();
  }

  /** The rows of a record that is several of them. */
  rowsOf({ text, line }: TextRecord): TextRecord[] {
    const splitter = new RowSplitter(this.#file);
    const records = text
      .split("\n")
      .map((content, i) => ({ text: content, number: line + i, offset: 0, end: content.length }))
      .map((one) => splitter.take(one, this.#delimiter, this.#quote, this.#options.comment));
    return records.filter((record) => record !== undefined);
  }

  /** The cells of a row by their columns' names. Throws DataError where there are more or fewer than columns. */
  read(record: TextRecord): Row {
    const names = this.#columns!;
    const cells = this.#cells(record);
    // Columns without a name, which spreadsheets leave at the end, may hold nothing.
    while (cells.length > names.length && cells.at(-1)!.trim() === "") cells.pop();
    if (cells.length === names.length) return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
    const hint = record.text.startsWith("#") ? "; is it a comment? Name what comments begin with (comment)" : "";
    throw new DataError(
      "invalid-syntax",
      `the row has ${cells.length} fields, the header ${names.length}${hint || this.#hint(cells.length, names.length)}`,
      { file: this.#file, line: record.line },
    );
  }

  #hint(cells: number, names: number): string {
    return cells > names && this.#quote !== null
      ? `; a field with ${show(this.#delimiter)} in it needs ${this.#quote} around it`
      : "";
  }

  #cells(record: TextRecord): string[] {
    const quote = this.#quote;
    if (quote === null) return record.text.split(this.#delimiter);
    return splitQuoted(record, this.#delimiter, quote, this.#file);
  }

  #useHeader(record: TextRecord): void {
    try {
      this.#useColumns(this.#cells(record), record.line);
    } catch (error) {
      // Quotes of a file with another delimiter make no sense: it is the columns that are missing.
      this.#useColumns(record.text.split(this.#delimiter), record.line);
      throw error;
    }
  }

  #useColumns(header: readonly string[], line: number | undefined): void {
    const where = { file: this.#file, line };
    const last = header.findLastIndex((name) => name.trim() !== "");
    const names = header.slice(0, last + 1);
    const twice = names.find((name, i) => name !== "" && names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new DataError("invalid-syntax", `two columns have the name ${show(twice)}`, { ...where, field: twice });
    }
    const missing = this.#required.find((field) => !hasColumn(names, field));
    if (missing !== undefined) {
      throw new DataError(
        "missing-field",
        `there is no column ${show(missing)}; the columns are ${names.slice(0, 12).map(show).join(", ")}` +
          (this.#remedy(names) ?? " (a file without a header line needs the columns' names)"),
        { ...where, field: missing },
      );
    }
    this.#columns = names;
  }

  /** What to do about a header that is not what was expected. */
  #remedy(names: readonly string[]): string | undefined {
    if (names[0]?.startsWith("#") && this.#options.comment === undefined) {
      return "; is it a comment? Name what comments begin with (comment)";
    }
    const header = names.join(this.#delimiter);
    const other = [",", ";", "\t", "|"].find((delimiter) => {
      const parts = header.split(delimiter).map((part) => part.replaceAll('"', "").trim());
      return delimiter !== this.#delimiter && this.#required.every((field) => hasColumn(parts, field));
    });
    if (other !== undefined) return `; ${show(other)} parts them: name it (delimiter)`;
    const single = [";", "\t", "|", ","].find((delimiter) => names.length === 1 && header.includes(delimiter));
    if (single !== undefined) return `; if ${show(single)} parts them, name it (delimiter)`;
    const spaced = names.find((name) => name !== name.trim() && this.#required.includes(name.trim()));
    return spaced === undefined ? undefined : `; ${show(spaced)} has spaces around its name`;
  }
}

/** Finds where rows end: a quoted field may go on over several lines. */
class RowSplitter {
  readonly #group: LineGroup;
  readonly #file: string;
  #open = false;

  constructor(file: string) {
    this.#file = file;
    this.#group = new LineGroup(file, LONGEST_QUOTED);
  }

  /** The row that a line ends. Empty lines and comments between rows are none. */
  take(line: TextLine, delimiter: string, quote: string | null, comment: string | undefined): TextRecord | undefined {
    const isComment = comment !== undefined && comment !== "" && line.text.startsWith(comment);
    if (this.#group.isEmpty && (line.text === "" || isComment)) return undefined;
    this.#group.add(line, "is a quote left open?");
    if (quote !== null) this.#open = endsOpen(line.text, this.#open, delimiter, quote);
    return this.#open ? undefined : this.#group.take();
  }

  /** Throws DataError where the last row has not ended. */
  end(): void {
    if (this.#group.isEmpty) return;
    const { line } = this.#group.take();
    throw new DataError("invalid-syntax", "the quote that this row opens is never closed", { file: this.#file, line });
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
