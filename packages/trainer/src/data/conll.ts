import { DataError, show } from "./error.js";
import type { TokenExample } from "./examples.js";
import { LineGroup, type RecordFormat } from "./format.js";
import { LONGEST_RECORD, type TextEncoding } from "./lines.js";

export interface ConllOptions {
  /** Column of the words, from 0; negative counts from the end. Default 0. */
  readonly wordColumn?: number;
  /** Column of the tags. Default -1, the last; null reads words alone. */
  readonly tagColumn?: number | null;
  /** What stands between columns. Default "whitespace", any run of it; "tab" keeps spaces within words. */
  readonly separator?: "whitespace" | "tab";
  /** Lines that begin so are comments, such as "# " in CoNLL-U. Default none: "#" is a word in many files. */
  readonly comment?: string;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

/** A word a line with its tags in columns, sentences parted by empty lines; "-DOCSTART-" lines are skipped. */
export function conll(options: ConllOptions = {}): RecordFormat<TokenExample> {
  const { wordColumn = 0, tagColumn = -1, separator = "whitespace", comment, encoding = "utf-8" } = options;
  const split = (line: string): string[] => (separator === "tab" ? line.split("\t") : trimmed(line).split(/[ \t]+/));
  const skipped = (line: string): boolean =>
    (comment !== undefined && line.startsWith(comment)) || line.startsWith("-DOCSTART-");
  return {
    kind: "records",
    encoding,
    open: (file) => ({
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
        const words: string[] = [];
        const tags: string[] = [];
        for (const [i, content] of text.split("\n").entries()) {
          if (skipped(content)) continue;
          const cells = split(content);
          const where = { file, line: line + i };
          words.push(cellAt(cells, wordColumn, "word", where));
          if (tagColumn === null) continue;
          if (cells.length < 2) {
            throw new DataError("missing-field", `${show(content)} is a word without a tag`, {
              ...where,
              field: "tag",
            });
          }
          tags.push(cellAt(cells, tagColumn, "tag", where));
        }
        return tagColumn === null ? { words } : { words, tags };
      },
    }),
  };
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
