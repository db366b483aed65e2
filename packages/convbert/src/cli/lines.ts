import { UsageError } from "./errors.js";

/** A line of a stream, without its end. */
export interface Line {
  /** Empty where the line cannot be read. */
  readonly text: string;
  /** Why the line cannot be read. */
  readonly problem?: string;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOT_UTF8: Line = {
  text: "",
  problem: "the line is not UTF-8 text; convert the file first, as with iconv -f cp1252 -t utf-8",
};

/**
 * The lines of a stream of UTF-8, without their ends ("\n" or "\r\n") and without a leading byte order mark. A line that is
 * no UTF-8 says so; replacement characters in its place would be answered as if somebody had written them.
 * @param source what a message calls the stream.
 * @throws UsageError for a stream of UTF-16, as some shells write it.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array | string>,
  source = "standard input",
): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const encoder = new TextEncoder();
  let rest: Uint8Array[] = [];
  let isFirst = true;
  const lineOf = (end: Uint8Array): Line => {
    let bytes = rest.length === 0 ? end : joined([...rest, end]);
    rest = [];
    if (isFirst) {
      refuseUtf16(bytes, source);
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
      isFirst = false;
    }
    if (bytes.at(-1) === RETURN) bytes = bytes.subarray(0, -1);
    try {
      return { text: decoder.decode(bytes) };
    } catch {
      return NOT_UTF8;
    }
  };
  for await (const piece of stream) {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      yield lineOf(bytes.subarray(from, at));
      from = at + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
  if (rest.length > 0) yield lineOf(new Uint8Array());
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function refuseUtf16([first, second]: Uint8Array, source: string): void {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new UsageError(`${source} is UTF-16; convert it first, as with iconv -f utf-16 -t utf-8`);
  }
}
