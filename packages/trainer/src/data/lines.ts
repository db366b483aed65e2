import { type TextEncoding, textDecoder } from "./encoding.js";
import { DataError } from "./error.js";
import { checkKind } from "./file-kind.js";
import type { ByteSource } from "./source.js";

/** A line without its line break ("\n" or "\r\n"). */
export interface TextLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Its first byte in the file. */
  readonly offset: number;
  /** The byte after its line break. */
  readonly end: number;
}

/** Bytes of a line or record at most: what is longer is no text, or has a quote that nothing closes. */
export const LONGEST_RECORD = 1 << 26;

const NEWLINE = 10;
const RETURN = 13;

/** Decodes bytes of a file, or says which line is not in its encoding. */
export function decodeAt(
  decode: (bytes: Uint8Array) => string,
  bytes: Uint8Array,
  where: { readonly file: string; readonly line: number; readonly encoding: TextEncoding },
): string {
  try {
    return decode(bytes);
  } catch (cause) {
    throw new DataError(
      "invalid-encoding",
      `the line is not ${where.encoding} text; name the file's encoding, such as windows-1252, or convert it`,
      where,
      cause,
    );
  }
}

/**
 * The lines of a source in order, without loading it whole. A byte order mark is skipped; an empty last line is none.
 * Throws DataError for bytes outside the encoding, files that are no text and lines beyond `LONGEST_RECORD` bytes.
 */
export async function* readLines(
  source: ByteSource,
  encoding: Exclude<TextEncoding, "utf-16">,
  signal?: AbortSignal,
): AsyncGenerator<TextLine> {
  const decode = textDecoder(encoding);
  const file = source.name;
  let number = 0;
  let offset = 0;
  // Pieces of a line that goes on; joined once, so that a line over many pieces costs no square.
  let parts: Uint8Array[] = [];
  let pending = 0;
  let first = true;

  const line = (bytes: Uint8Array, breakLength: number): TextLine => {
    number++;
    const start = offset;
    offset += bytes.length + breakLength;
    let content = bytes.at(-1) === RETURN && breakLength > 0 ? bytes.subarray(0, -1) : bytes;
    if (number === 1 && encoding === "utf-8" && startsWith(content, 0xef, 0xbb, 0xbf)) content = content.subarray(3);
    return { text: decodeAt(decode, content, { file, line: number, encoding }), number, offset: start, end: offset };
  };

  for await (const piece of source.stream(signal)) {
    if (first) {
      first = false;
      checkKind(piece, file);
    }
    let at = 0;
    for (let newline = piece.indexOf(NEWLINE); newline >= 0; newline = piece.indexOf(NEWLINE, at)) {
      const head = piece.subarray(at, newline);
      at = newline + 1;
      if (parts.length === 0) {
        yield line(head, 1);
      } else {
        parts.push(head);
        yield line(join(parts), 1);
        parts = [];
        pending = 0;
      }
    }
    if (at < piece.length) {
      parts.push(piece.slice(at));
      pending += piece.length - at;
      if (pending > LONGEST_RECORD) {
        throw new DataError("too-large", `the line has more than ${LONGEST_RECORD} bytes`, { file, line: number + 1 });
      }
    }
  }
  if (parts.length > 0) yield line(join(parts), 0);
}

function startsWith(bytes: Uint8Array, ...values: readonly number[]): boolean {
  return values.every((value, i) => bytes[i] === value);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
