import { DataError } from "./error.js";

/** First bytes of files that are given for text by mistake: what they are, and what to do. */
const KINDS: readonly (readonly [bytes: string | readonly number[], what: string, remedy: string])[] = [
  ["PAR1", "a Parquet file", 'write it as JSON Lines (pandas: to_json(path, orient="records", lines=True))'],
  ["ARROW1", "an Arrow file", "write it as JSON Lines (datasets: to_json(path))"],
  [[0xff, 0xff, 0xff, 0xff], "an Arrow file", "write it as JSON Lines (datasets: to_json(path))"],
  [[0x50, 0x4b, 3, 4], "a zip archive, or a workbook of Excel", "unpack it, or save the sheet as CSV"],
  [[0xd0, 0xcf, 0x11, 0xe0], "a workbook of Excel", "save the sheet as CSV"],
  [[0x1f, 0x8b], "a gzip file", "unpack it (gunzip)"],
  ["BZh", "a bzip2 file", "unpack it (bunzip2)"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "an xz file", "unpack it (unxz)"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a zstd file", "unpack it (unzstd)"],
  [[0x37, 0x7a, 0xbc, 0xaf], "a 7z archive", "unpack it"],
  ["SQLite format 3", "a SQLite database", "export the table as CSV"],
  ["%PDF-", "a PDF", "give its text"],
  ["version https://git-lfs.github.com/", "a pointer of Git LFS", "fetch the file that it stands for (git lfs pull)"],
  [[0xff, 0xfe], "UTF-16 text", 'name the encoding "utf-16"'],
  [[0xfe, 0xff], "UTF-16 text", 'name the encoding "utf-16"'],
];

/** Throws DataError for the first bytes of a file that is no text in a usual encoding. */
export function checkKind(bytes: Uint8Array, file: string): void {
  const found = KINDS.find(([start]) => startsWith(bytes, typeof start === "string" ? codesOf(start) : start));
  if (found) refuse(file, found[1], found[2]);
  // Letters with a byte of 0 between them.
  if (bytes.length > 3 && (bytes[0] === 0) !== (bytes[1] === 0) && (bytes[2] === 0) !== (bytes[3] === 0)) {
    refuse(file, "UTF-16 text", 'name the encoding "utf-16"');
  }
}

function refuse(file: string, what: string, remedy: string): never {
  throw new DataError("invalid-encoding", `the file is ${what}; ${remedy}`, { file, line: 1 });
}

function codesOf(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
