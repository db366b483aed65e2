import { DataError } from "./error.js";
import type { ByteSource } from "./source.js";

/**
 * Encodings that text files may have. "latin-1" is ISO 8859-1, as in Python; browsers mean windows-1252 (Python's cp1252)
 * by it. "utf-16" follows the file's byte order mark, and is little-endian without one.
 */
export type TextEncoding = "utf-8" | "latin-1" | "windows-1252" | "utf-16";

/** Makes the decoder of an encoding whose lines end with a byte of 10. It throws on bytes that the encoding does not have. */
export function textDecoder(encoding: Exclude<TextEncoding, "utf-16">): (bytes: Uint8Array) => string {
  if (encoding === "latin-1") {
    return (bytes) => {
      let text = "";
      for (let at = 0; at < bytes.length; at += 4096) {
        text += String.fromCharCode(...bytes.subarray(at, at + 4096));
      }
      return text;
    };
  }
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes) => decoder.decode(bytes);
}

/** The same text in an encoding that has lines of bytes: UTF-16 becomes UTF-8, and can then only be read from its start. */
export function withLines(
  source: ByteSource,
  encoding: TextEncoding,
): { readonly bytes: ByteSource; readonly encoding: Exclude<TextEncoding, "utf-16"> } {
  if (encoding !== "utf-16") return { bytes: source, encoding };
  const { name, close } = source;
  return { encoding: "utf-8", bytes: { name, close, stream: (signal) => fromUtf16(source, signal) } };
}

async function* fromUtf16(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let decoder: TextDecoder | undefined;
  try {
    for await (const piece of source.stream(signal)) {
      const isBig = piece[0] === 0xfe && piece[1] === 0xff;
      decoder ??= new TextDecoder(isBig ? "utf-16be" : "utf-16le", { fatal: true });
      yield encoder.encode(decoder.decode(piece, { stream: true }));
    }
    if (decoder) yield encoder.encode(decoder.decode());
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new DataError(
      "invalid-encoding",
      "the file is not utf-16 text; name its encoding",
      { file: source.name },
      cause,
    );
  }
}
