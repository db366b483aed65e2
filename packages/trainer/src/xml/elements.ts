import sax from "sax";
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
  const parser = sax.parser(true, { position: true });
  const ready: XmlRecord[] = [];
  let record: { attributes: Record<string, string>; children: Map<string, string>; line: number } | undefined;
  let child: string | undefined;
  let depth = 0;
  let size = 0;
  let failure: Error | undefined;

  const where = () => ({ file: source.name, line: parser.line + 1 });
  const append = (text: string): void => {
    if (!record || child === undefined) return;
    size += text.length;
    record.children.set(child, record.children.get(child)! + text);
  };
  parser.onerror = (error) => {
    failure ??= error;
    // Otherwise sax throws the same error again at the next write.
    parser.error = null as never;
  };
  parser.onopentag = (tag) => {
    if (record) {
      depth++;
      if (depth === 1) {
        child = tag.name;
        record.children.set(child, "");
      }
    } else if (tag.name === name) {
      record = { attributes: tag.attributes as Record<string, string>, children: new Map(), line: parser.line + 1 };
      size = 0;
    }
  };
  parser.ontext = append;
  parser.oncdata = append;
  parser.onclosetag = () => {
    if (!record) return;
    if (depth === 0) {
      ready.push(record);
      record = undefined;
    } else if (--depth === 0) {
      child = undefined;
    }
  };

  const decoder = new TextDecoder("utf-8", { fatal: true });
  const write = (piece: Uint8Array | undefined): void => {
    let text: string;
    try {
      text = decoder.decode(piece, { stream: piece !== undefined });
    } catch (cause) {
      throw new DataError("invalid-encoding", "the file is not utf-8 text", where(), cause);
    }
    let line = 0;
    const located = parser.onerror;
    parser.onerror = (error) => {
      line ||= parser.line + 1;
      located(error);
    };
    parser.write(text);
    if (piece === undefined) parser.close();
    parser.onerror = located;
    if (failure) {
      const [problem] = failure.message.split("\n");
      throw new DataError("invalid-syntax", `the file is not XML: ${problem}`, { file: source.name, line }, failure);
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
