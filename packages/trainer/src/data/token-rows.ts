import type { DelimitedOptions } from "./delimited-options.js";
import { DataError, show } from "./error.js";
import type { TokenExample } from "./examples.js";
import type { Row } from "./fields/mapping.js";
import { withoutFraction } from "./fields/row.js";
import type { RecordFormat, TextRecord } from "./format.js";
import { LONGEST_RECORD } from "./lines.js";
import { RowReader } from "./rows.js";
import { isDocumentMark } from "./tags.js";

export interface TokenRowOptions extends DelimitedOptions {
  /** Default "Word". */
  readonly wordColumn?: string;
  /** Default "Tag"; null reads none. */
  readonly tagColumn?: string | null;
  /** Says to which sentence a word belongs; an empty cell is the one before. Default "Sentence #". */
  readonly sentenceColumn?: string;
}

/** A word a row in CSV, with a column that counts the sentences (`Sentence #,Word,POS,Tag`). */
export function tokenRows(options: TokenRowOptions = {}): RecordFormat<TokenExample> {
  const { wordColumn = "Word", tagColumn = "Tag", sentenceColumn = "Sentence #", encoding = "utf-8" } = options;
  return {
    kind: "records",
    encoding,
    open(file) {
      const required = [sentenceColumn, wordColumn, ...(tagColumn === null ? [] : [tagColumn])];
      const reader = new RowReader(file, options, required);
      const cellOf = (row: Row, column: string, line: number): string => {
        const cell = (row[column] as string).trim();
        if (cell !== "") return cell;
        throw new DataError("missing-field", `${show(column)} is empty`, { file, line, field: column });
      };
      return {
        async *group(lines) {
          let rows: TextRecord[] = [];
          let size = 0;
          let sentence = "";
          for await (const record of reader.rows(lines)) {
            const row = reader.read(record);
            const named = (row[sentenceColumn] as string).trim();
            if (named !== "" && named !== sentence && rows.length > 0) {
              yield joined(rows);
              rows = [];
              size = 0;
            }
            if (named !== "") sentence = named;
            if (rows.length === 0 && isDocumentMark(row[wordColumn])) continue;
            rows.push(record);
            size += record.end - record.offset;
            if (size > LONGEST_RECORD) {
              const hint = `does ${show(sentenceColumn)} tell the sentences apart?`;
              throw new DataError(
                "too-large",
                `the sentence that begins here has more than ${LONGEST_RECORD} bytes; ${hint}`,
                {
                  file,
                  line: rows[0]!.line,
                },
              );
            }
          }
          if (rows.length > 0) yield joined(rows);
        },
        parse(record) {
          const words: string[] = [];
          const tags: string[] = [];
          for (const one of reader.rowsOf(record)) {
            const row = reader.read(one);
            words.push(cellOf(row, wordColumn, one.line));
            if (tagColumn !== null) tags.push(withoutFraction(cellOf(row, tagColumn, one.line)));
          }
          return tagColumn === null ? { words } : { words, tags };
        },
      };
    },
  };
}

function joined(rows: readonly TextRecord[]): TextRecord {
  const [first] = rows;
  return {
    text: rows.map(({ text }) => text).join("\n"),
    line: first!.line,
    offset: first!.offset,
    end: rows.at(-1)!.end,
  };
}
