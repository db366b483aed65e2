import { type TextEncoding, withLines } from "./encoding.js";
import { DataError } from "./error.js";
import { readLines, type TextLine } from "./lines.js";
import { locate } from "./location.js";
import { type ByteSource, type DataSource, openSource } from "./source.js";

/** The text of one example: a line, or several. */
export interface TextRecord {
  /** Without the last line break. */
  readonly text: string;
  /** Line on which it begins, from 1. */
  readonly line: number;
  /** Its bytes in the file: the first, and the one after the last. */
  readonly offset: number;
  readonly end: number;
}

/** How one file is read: `group` sees all its lines in order once, then `parse` may get any record again. */
export interface RecordReader<T extends object> {
  group(lines: AsyncIterable<TextLine>): AsyncIterable<TextRecord>;
  /** The example of a record. Throws DataError. */
  parse(record: TextRecord): T;
}

/** A file format whose examples are records of text, so that each can be read again at its offset in the file. */
export interface RecordFormat<T extends object> {
  readonly kind: "records";
  readonly encoding: TextEncoding;
  /** Starts on a file of that name. */
  open(file: string): RecordReader<T>;
}

/** A file format that can only be read from its beginning: JSON and XML documents. */
export interface DocumentFormat<T extends object> {
  readonly kind: "document";
  /** The examples of a file, in order. */
  read(source: ByteSource, signal?: AbortSignal): AsyncIterable<T>;
}

export type DataFormat<T extends object> = RecordFormat<T> | DocumentFormat<T>;

/** Options of everything that reads. */
export interface ReadExamplesOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The examples of a source one after the other, never more of it in memory than one.
 * Throws DataError, with the file and line, and the signal's reason.
 */
export async function* readExamples<T extends object>(
  source: DataSource,
  format: DataFormat<T>,
  { signal }: ReadExamplesOptions = {},
): AsyncGenerator<T> {
  const opened = await openSource(source);
  try {
    if (format.kind === "document") {
      yield* format.read(opened, signal);
      return;
    }
    const { bytes, encoding } = withLines(opened, format.encoding);
    const reader = format.open(bytes.name);
    for await (const record of reader.group(readLines(bytes, encoding, signal))) {
      yield parseRecord(reader, record, bytes.name);
    }
  } finally {
    await opened.close();
  }
}

/** The example of a record, with its location noted. */
export function parseRecord<T extends object>(reader: RecordReader<T>, record: TextRecord, file: string): T {
  return locate(reader.parse(record), { file, line: record.line });
}

/** Each line that is not empty is a record; those that begin with `comment` are none. */
export async function* nonEmptyLines(lines: AsyncIterable<TextLine>, comment?: string): AsyncGenerator<TextRecord> {
  for await (const { text, number, offset, end } of lines) {
    if (comment && text.startsWith(comment)) continue;
    if (text.trim() !== "") yield { text, line: number, offset, end };
  }
}

/** Joins lines to one record. `lines` must not be empty. */
function recordOf(lines: readonly TextLine[]): TextRecord {
  const [first] = lines;
  return {
    text: lines.map(({ text }) => text).join("\n"),
    line: first!.number,
    offset: first!.offset,
    end: lines.at(-1)!.end,
  };
}

/** Collects the lines of a record, up to the limit of a record's length. */
export class LineGroup {
  #lines: TextLine[] = [];
  #size = 0;
  readonly #limit: number;
  readonly #file: string;

  constructor(file: string, limit: number) {
    this.#file = file;
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Throws DataError "too-large" beyond the limit. `hint` says what might be the reason. */
  add(line: TextLine, hint: string): void {
    this.#lines.push(line);
    this.#size += line.end - line.offset;
    if (this.#size > this.#limit) {
      throw new DataError("too-large", `the record that begins here has more than ${this.#limit} bytes; ${hint}`, {
        file: this.#file,
        line: this.#lines[0]!.number,
      });
    }
  }

  /** The record of the lines so far; the next one begins. */
  take(): TextRecord {
    const record = recordOf(this.#lines);
    this.#lines = [];
    this.#size = 0;
    return record;
  }
}
