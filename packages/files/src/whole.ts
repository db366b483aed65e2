import { FilesError } from "./errors.js";
import type { FileSet, RandomAccessFile, WholeFileOptions } from "./types.js";

/*
 * Files that are read whole: configurations, vocabularies, lists. They are small, so a large one is a mistake or an
 * attack, and the first bytes tell a pointer of Git LFS, which stands where a file was not fetched.
 */

/** Longest text, in bytes, unless the caller says otherwise: ten times the largest tokenizer.json there is. */
const MAX_TEXT = 64 << 20;
/** Longest contents that are put into one array, unless the caller says otherwise. */
const MAX_BYTES = 1 << 30;

const POINTER = "version https://git-lfs.github.com/spec/";
const MAX_POINTER = 1024;

/** `readText` and `readBytes` of a set, on top of its way to open a file of at most so many bytes. */
export function wholeFiles(
  location: string,
  open: (name: string, maxBytes: number) => Promise<RandomAccessFile>,
): Pick<FileSet, "readText" | "readBytes"> {
  const read = async (name: string, maxBytes: number): Promise<Uint8Array> => {
    const file = await open(name, maxBytes);
    try {
      if (file.size > maxBytes) throw tooLarge(location, name, maxBytes, file.size);
      if (file.bytes) return checkedContents(location, name, file.bytes);
      const bytes = new Uint8Array(file.size);
      await file.read(0, bytes);
      return checkedContents(location, name, bytes);
    } finally {
      await file.close();
    }
  };
  return {
    readBytes: (name, { maxBytes = MAX_BYTES }: WholeFileOptions = {}) => read(name, maxBytes),
    readText: async (name, { maxBytes = MAX_TEXT }: WholeFileOptions = {}) =>
      new TextDecoder().decode(await read(name, maxBytes)),
  };
}

/** The error for a file of more bytes than the caller takes. */
export function tooLarge(location: string, file: string, maxBytes: number, size?: number): FilesError {
  const has = size === undefined ? "it has more" : `it has ${size}`;
  const message =
    `${location}: ${file} is larger than the ${maxBytes} bytes that are allowed for it (${has}). It may not be what ` +
    "its name says; if it is, allow more by `maxBytes` or `maxFileSize`";
  return new FilesError("too-large", message, { location, file });
}

function checkedContents(location: string, file: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_POINTER) return bytes;
  for (let i = 0; i < POINTER.length; i++) if (bytes[i] !== POINTER.charCodeAt(i)) return bytes;
  const message =
    `${location}: ${file} is a Git LFS pointer, not the file itself: run \`git lfs pull\` in the folder, or download ` +
    "the file";
  throw new FilesError("lfs-pointer", message, { location, file });
}
