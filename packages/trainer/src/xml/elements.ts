import { SaxesParser } from "saxes";
import { DataError } from "../data/error.js";
import type { ByteSource } from "../data/source.js";

/** An element with the text of its children by their names. */
export interface XmlRecord {
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: ReadonlyMap<string, string>;
  readonly line: number;
}

/** Characters of one element at most. */
const LONGEST_ELEMENT = 1 << 24;

/**
 * The elements of one name in an XML document, in order and as they come. Entities that a document defines itself are not
 * expanded but an error, so that none can grow without end.
 */
export async function* readElements(
  source: ByteSource,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<XmlRecord> {
  const parser = new SaxesParser();
  const ready: XmlRecord[] = [];
  let record: { attributes: Record<string, string>; children: Map<string, string>; line: number } | undefined;
  let child: string | undefined;
  let depth = 0;
  let size = 0;
  let syntaxError: Error | undefined;

  const where = () => ({ file: source.name, line: parser.line });
  const append = (text: string): void => {
    if (!record || child === undefined) return;
    size += text.length;
    record.children.set(child, record.children.get(child)! + text);
  };
  let errorLine = 0;
  parser.on("error", (error) => {
    syntaxError ??= error;
    errorLine ||= parser.line;
  });
  parser.on("opentag", (tag) => {
    if (record) {
      depth++;
      if (depth === 1) {
        child = tag.name;
        record.children.set(child, "");
      }
    } else if (tag.name === name) {
      record = { attributes: tag.attributes as Record<string, string>, children: new Map(), line: parser.line };
      size = 0;
    }
  });
  parser.on("text", append);
  parser.on("cdata", append);
  parser.on("closetag", () => {
    if (!record) return;
    if (depth === 0) {
      ready.push(record);
      record = undefined;
    } else if (--depth === 0) {
      child = undefined;
    }
  });

  const decoder = new TextDecoder("utf-8", { fatal: true });
  const write = (piece: Uint8Array | undefined): void => {
    let text: string;
    try {
      text = decoder.decode(piece, { stream: piece !== undefined });
    } catch (cause) {
      throw new DataError("invalid-encoding", "the file is not utf-8 text", where(), cause);
    }
    parser.write(text);
    if (piece === undefined) parser.close();
    if (syntaxError) {
      // saxes begins its messages with line and column.
      const problem = syntaxError.message.replace(/^\d+:\d+: /, "");
      const location = { file: source.name, line: errorLine };
      throw new DataError("invalid-syntax", `the file is not XML: ${problem}`, location, syntaxError);
    }
    if (size > LONGEST_ELEMENT) {
      throw new DataError("too-large", `the <${name}> has more than ${LONGEST_ELEMENT} characters`, where());
    }
  };
  for await (const piece of source.stream(signal)) {
    write(piece);
    yield* ready.splice(0);
  }
  write(undefined);
  yield* ready;
}

/** The text of a child, its white space folded. Throws DataError where there is none. */
export function childText({ children, line }: XmlRecord, name: string, file: string): string {
  const text = children.get(name)?.replace(/\s+/g, " ").trim();
  if (text) return text;
  throw new DataError("missing-field", `there is no <${name}>, or it is empty`, { file, line, field: name });
}
