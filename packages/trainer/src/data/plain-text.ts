import type { TextEncoding } from "./encoding.js";
import { DataError } from "./error.js";
import type { PlainExample, SentenceExample, TextExample } from "./examples.js";
import { LineGroup, nonEmptyLines, type RecordFormat } from "./format.js";
import { LONGEST_RECORD, type TextLine } from "./lines.js";

export interface PlainTextOptions {
  /** What an example is: a line, or a paragraph, whose lines are joined by spaces. Default "paragraph". */
  readonly unit?: "line" | "paragraph";
  /** Leave out the header and footer of a Project Gutenberg book. A file without them is read whole. */
  readonly stripGutenberg?: boolean;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

/** Running text: paragraphs parted by empty lines, or a text a line. */
export function plainText(options: PlainTextOptions = {}): RecordFormat<PlainExample> {
  const { unit = "paragraph", stripGutenberg = false, encoding = "utf-8" } = options;
  return {
    kind: "records",
    encoding,
    open: (file) => ({
      group(lines) {
        const body = stripGutenberg ? gutenbergBody(lines) : lines;
        return unit === "line" ? nonEmptyLines(body) : paragraphs(body, file);
      },
      parse: ({ text }) => ({ text: text.replace(/\s*\n\s*/g, " ").trim() }),
    }),
  };
}

/** The same as texts whose vectors are learnt, a line each by default. */
export function sentenceTexts({ unit = "line", ...options }: PlainTextOptions = {}): RecordFormat<SentenceExample> {
  const plain = plainText({ unit, ...options });
  return {
    ...plain,
    open(file) {
      const { group, parse } = plain.open(file);
      return { group, parse: (record) => ({ texts: [parse(record).text] }) };
    },
  };
}

async function* paragraphs(lines: AsyncIterable<TextLine>, file: string) {
  const group = new LineGroup(file, LONGEST_RECORD);
  for await (const line of lines) {
    if (line.text.trim() !== "") group.add(line, "read it by lines");
    else if (!group.isEmpty) yield group.take();
  }
  if (!group.isEmpty) yield group.take();
}

const START = /^\*\*\* ?START OF (THE|THIS) PROJECT GUTENBERG EBOOK/i;
const END = /^(\*\*\* ?END OF (THE|THIS) PROJECT GUTENBERG EBOOK|End of (the )?Project Gutenberg('s|’s)? )/i;
/** Lines within which a header must end. */
const HEADER = 1000;

/** The lines between the marks of a Project Gutenberg book. */
async function* gutenbergBody(lines: AsyncIterable<TextLine>): AsyncGenerator<TextLine> {
  // Kept until it is clear whether they are a header.
  let held: TextLine[] | undefined = [];
  for await (const line of lines) {
    if (held) {
      if (START.test(line.text)) {
        held = undefined;
        continue;
      }
      held.push(line);
      if (held.length > HEADER) {
        yield* held;
        held = undefined;
      }
    } else if (END.test(line.text)) {
      return;
    } else {
      yield line;
    }
  }
  if (held) yield* held;
}

export interface LabelledLineOptions {
  /** What parts label and text: the first of it in the line. Default a space. */
  readonly separator?: string;
  /** Default "utf-8"; TREC's files are "latin-1". */
  readonly encoding?: TextEncoding;
  /** "coarse" keeps what stands before the first ":" of a label, as in TREC's `HUM:ind`. Default "fine", all of it. */
  readonly labels?: "coarse" | "fine";
}

/** A label, a separator and a text a line: the form of the TREC questions (`LABEL:sub question`) and of fastText. */
export function labelledLines(options: LabelledLineOptions = {}): RecordFormat<TextExample> {
  const { separator = " ", encoding = "utf-8", labels = "fine" } = options;
  return {
    kind: "records",
    encoding,
    open: (file) => ({
      group: nonEmptyLines,
      parse({ text, line }) {
        const content = text.trim();
        const at = content.indexOf(separator);
        if (at <= 0) {
          throw new DataError("invalid-syntax", `there is no label before the first ${JSON.stringify(separator)}`, {
            file,
            line,
            field: "label",
          });
        }
        const label = content.slice(0, at);
        return {
          text: content.slice(at + separator.length),
          label: labels === "coarse" ? label.split(":", 1)[0]! : label,
        };
      },
    }),
  };
}

/** The TREC question types in six coarse classes, or all fifty. */
export function trec(labels: "coarse" | "fine" = "coarse"): RecordFormat<TextExample> {
  return labelledLines({ encoding: "latin-1", labels });
}
