import type { TextEncoding } from "./encoding.js";
import { DataError, show } from "./error.js";
import type { TokenExample } from "./examples.js";
import { LineGroup, type RecordFormat } from "./format.js";
import { LONGEST_RECORD } from "./lines.js";
import { isDocumentMark } from "./tags.js";

export interface ConllOptions {
  /** Column of the words, from 0; negative counts from the end. Default 0. */
  readonly wordColumn?: number;
  /** Column of the tags. Default -1, the last; null reads words alone. */
  readonly tagColumn?: number | null;
  /** What stands between columns. Default "whitespace", any run of it; "tab" keeps spaces within words; or a text. */
  readonly separator?: "whitespace" | "tab" | (string & {});
  /**
   * Lines that begin so are comments, such as "# ". By default none are, and a line that may be one is an error: "#" is a
   * word in many files. "" says that there are none.
   */
  readonly comment?: string;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

/** A word a line with its tags in columns, sentences parted by empty lines; "-DOCSTART-" lines are skipped. */
export function conll(options: ConllOptions = {}): RecordFormat<TokenExample> {
  return columnFormat(options, () => false);
}

/** A format of columns, whose lines of no word `skip` tells by their cells. */
export function columnFormat(
  options: ConllOptions,
  skip: (cells: readonly string[]) => boolean,
): RecordFormat<TokenExample> {
  const { wordColumn = 0, tagColumn = -1, separator = "whitespace", comment, encoding = "utf-8" } = options;
  const between = separator === "tab" ? "\t" : separator;
  const split = (line: string): string[] => {
    if (between === "whitespace") return trimmed(line).split(/[ \t]+/);
    const cells = line.split(between);
    while (cells.length > 1 && trimmed(cells.at(-1)!) === "") cells.pop();
    return cells;
  };
  const skipped = (line: string): boolean => (!!comment && line.startsWith(comment)) || isDocumentMark(line);
  return {
    kind: "records",
    encoding,
    open(file) {
      // Of the first line with a word, which all others must match.
      let columns: number | undefined;
      return {
        async *group(lines) {
          const group = new LineGroup(file, LONGEST_RECORD);
          for await (const line of lines) {
            const empty = line.text.trim() === "";
            // What stands before a sentence's first word is no part of it, so that its line is the word's.
            if (group.isEmpty && (empty || skipped(line.text))) continue;
            if (empty) yield group.take();
            else group.add(line, "are there empty lines between the sentences?");
          }
          if (!group.isEmpty) yield group.take();
        },
        parse({ text, line }) {
          const rows = text
            .split("\n")
            .map((content, i) => ({ content, cells: split(content), line: line + i }))
            .filter(({ content, cells }) => !skipped(content) && !skip(cells));
          if (options.wordColumn === undefined) checkIndex(rows, columns === undefined, file);
          const words: string[] = [];
          const tags: string[] = [];
          for (const { cells, content, line: number } of rows) {
            const where = { file, line: number };
            if (comment === undefined) checkComment(content, cells, { columns, tagColumn }, where);
            words.push(cellAt(cells, wordColumn, "word", where));
            if (tagColumn === null) continue;
            if (cells.length < 2) {
              throw new DataError("missing-field", `${show(content)} is a word without a tag`, {
                ...where,
                field: "tag",
              });
            }
            columns ??= cells.length;
            if (cells.length !== columns && (tagColumn < 0 || wordColumn < 0)) {
              throw new DataError(
                "invalid-syntax",
                `${show(content)} has ${cells.length} columns, the lines before it ${columns}`,
                where,
              );
            }
            tags.push(cellAt(cells, tagColumn, "tag", where));
          }
          return tagColumn === null ? { words } : { words, tags };
        },
      };
    },
  };
}

interface Line {
  readonly content: string;
  readonly cells: readonly string[];
  readonly line: number;
}

/** Throws DataError where the first sentence counts its words in the column that words are taken from. */
function checkIndex(rows: readonly Line[], isFirst: boolean, file: string): void {
  const start = Number(rows[0]?.cells[0]);
  if (!isFirst || rows.length < 2 || rows[0]!.cells.length < 3 || (start !== 0 && start !== 1)) return;
  if (!rows.every(({ cells }, i) => cells[0] === String(start + i))) return;
  const problem = "the first column counts the words; name the column of the words (wordColumn)";
  throw new DataError("invalid-value", problem, { file, line: rows[0]!.line, field: "word" });
}

/** Tags that a word that begins with "#" may have: of a scheme, or parts of speech. */
const TAG = /^(O|[BIESLU]-.+|[A-Z$#.:]{1,5})$/;

/** Throws DataError for a line that may as well be a comment. */
function checkComment(
  content: string,
  cells: readonly string[],
  { columns = cells.length, tagColumn }: { readonly columns: number | undefined; readonly tagColumn: number | null },
  where: { readonly file: string; readonly line: number },
): void {
  if (!content.startsWith("#")) return;
  const isWord = tagColumn === null ? cells.length === 1 : TAG.test(cells.at(tagColumn) ?? "");
  if (isWord && cells.length === columns) return;
  throw new DataError(
    "invalid-syntax",
    `${show(content)} may be a comment, or a word: name what comments begin with, or "" if there are none (comment)`,
    where,
  );
}

function cellAt(
  cells: readonly string[],
  column: number,
  field: string,
  where: { readonly file: string; readonly line: number },
): string {
  const cell = trimmed(cells.at(column) ?? "");
  if (cell) return cell;
  throw new DataError(
    "missing-field",
    `there is no ${field} in column ${column}; the line has ${cells.length} columns`,
    {
      ...where,
      field,
    },
  );
}

/** Without spaces and tabs around it; `trim` would also take characters that belong to words, such as U+FEFF. */
function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
