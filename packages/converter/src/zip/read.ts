import type { RandomAccessFile } from "@convbert/files";
import { WeightsError } from "../errors.js";
import { readRange } from "../source.js";
import { canInflate, inflate } from "./inflate.js";

/** One file inside a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: 0 | 8;
  readonly crc32: number;
  readonly compressedSize: number;
  /** Length of the contents in bytes. */
  readonly size: number;
  /** Where the entry's local header starts. */
  readonly headerOffset: number;
  /** Where the next entry, or the central directory, starts: this entry must end before. */
  readonly limit: number;
}

export interface ZipArchive {
  readonly file: RandomAccessFile;
  /** By name, in the order of the central directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

const END_RECORD = 0x06054b50;
const END_RECORD_64 = 0x06064b50;
const END_LOCATOR_64 = 0x07064b50;
const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const MAX_COMMENT = 0xffff;
/** The central directory is read whole; a checkpoint's takes about 100 bytes a tensor. */
const MAX_DIRECTORY_BYTES = 64 << 20;

/**
 * Reads the directory of a zip archive (PKWARE APPNOTE 6.3: stored and deflated entries, zip64, data descriptors).
 * Entries that overlap, repeat a name, are encrypted, or reach outside the file are refused.
 */
export async function readZip(file: RandomAccessFile): Promise<ZipArchive> {
  const fail = (message: string): never => {
    throw new WeightsError("format", `damaged zip archive: ${message}`, { file: file.name });
  };
  const { count, directoryOffset, directorySize } = await readEndRecord(file, fail);
  if (directorySize > MAX_DIRECTORY_BYTES || count * 46 > directorySize || count * 76 > file.size) {
    fail("its directory cannot have that size");
  }
  const bytes = await readRange(file, directoryOffset, directorySize);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const decoder = new TextDecoder();

  const found: Omit<ZipEntry, "limit">[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || data.getUint32(at, true) !== CENTRAL_HEADER) fail("its directory is cut short");
    const flags = data.getUint16(at + 8, true);
    const method = data.getUint16(at + 10, true);
    const crc32 = data.getUint32(at + 16, true);
    const nameLength = data.getUint16(at + 28, true);
    const extraLength = data.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + data.getUint16(at + 32, true);
    if (next > bytes.length) fail("its directory is cut short");
    const name = decoder.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (flags & 1) fail(`${name} is encrypted`);
    if (method !== 0 && method !== 8) return fail(`${name} is compressed by the unknown method ${method}`);
    const sizes = readSizes(data, at, at + 46 + nameLength, extraLength) ?? fail(`${name} has no valid sizes`);
    if (method === 0 && sizes.compressedSize !== sizes.size) fail(`${name} is stored, but its two sizes differ`);
    if (method === 8 && !canInflate(sizes.compressedSize, sizes.size)) {
      fail(`${name} cannot unpack to ${sizes.size} bytes`);
    }
    found.push({ name, method, crc32, ...sizes });
    at = next;
  }

  const entries = new Map<string, ZipEntry>();
  const inOrder = [...found].sort((a, b) => a.headerOffset - b.headerOffset);
  const limits = new Map<Omit<ZipEntry, "limit">, number>();
  inOrder.forEach((entry, i) => {
    const limit = inOrder[i + 1]?.headerOffset ?? directoryOffset;
    if (entry.headerOffset + 30 + entry.compressedSize > limit) fail(`${entry.name} overlaps what comes after it`);
    limits.set(entry, limit);
  });
  for (const entry of found) {
    if (entries.has(entry.name)) fail(`it has two entries ${entry.name}`);
    entries.set(entry.name, { ...entry, limit: limits.get(entry)! });
  }
  return { file, entries };
}

/** Where the contents of a stored entry start in the file. */
export async function contentsOffset({ file }: ZipArchive, entry: ZipEntry): Promise<number> {
  const bytes = await readRange(file, entry.headerOffset, 30);
  const header = new DataView(bytes.buffer, bytes.byteOffset, 30);
  const start = entry.headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (header.getUint32(0, true) !== LOCAL_HEADER || start + entry.compressedSize > entry.limit) {
    throw new WeightsError("format", `damaged zip archive: ${entry.name} is not where the directory says`, {
      file: file.name,
    });
  }
  return start;
}

/**
 * The whole contents of an entry: a view of the file where it is in memory and the entry is stored.
 * A deflated entry must give exactly the size that the directory declares, and its checksum.
 */
export async function readEntry(archive: ZipArchive, entry: ZipEntry, signal?: AbortSignal): Promise<Uint8Array> {
  const offset = await contentsOffset(archive, entry);
  const raw = await readRange(archive.file, offset, entry.compressedSize);
  return entry.method === 0 ? raw : inflate(raw, entry, archive.file.name, signal);
}

async function readEndRecord(file: RandomAccessFile, fail: (message: string) => never) {
  if (file.size < 22) fail("it is cut short");
  const tailLength = Math.min(file.size, 22 + MAX_COMMENT);
  const tailOffset = file.size - tailLength;
  const tail = await readRange(file, tailOffset, tailLength);
  const data = new DataView(tail.buffer, tail.byteOffset, tail.length);
  let at = tailLength - 22;
  while (
    at >= 0 &&
    !(data.getUint32(at, true) === END_RECORD && at + 22 + data.getUint16(at + 20, true) === tailLength)
  ) {
    at--;
  }
  if (at < 0) fail("it has no directory; the file may be cut short");
  let count = data.getUint16(at + 10, true);
  let directorySize = data.getUint32(at + 12, true);
  let directoryOffset = data.getUint32(at + 16, true);
  const locator = tailOffset + at - 20;
  if (locator >= 0) {
    const bytes = await readRange(file, locator, 20);
    const fields = new DataView(bytes.buffer, bytes.byteOffset, 20);
    if (fields.getUint32(0, true) === END_LOCATOR_64) {
      const recordOffset = safe(fields.getBigUint64(8, true), fail);
      const record = await readRange(file, recordOffset, 56);
      const view = new DataView(record.buffer, record.byteOffset, 56);
      if (view.getUint32(0, true) !== END_RECORD_64) fail("its zip64 record is missing");
      count = safe(view.getBigUint64(32, true), fail);
      directorySize = safe(view.getBigUint64(40, true), fail);
      directoryOffset = safe(view.getBigUint64(48, true), fail);
    }
  }
  if (directoryOffset + directorySize > tailOffset + at) fail("its directory reaches past its end");
  return { count, directorySize, directoryOffset };
}

/** The sizes and the offset of an entry, from its central header or the zip64 field behind it. */
function readSizes(data: DataView, at: number, extraAt: number, extraLength: number) {
  let size = data.getUint32(at + 24, true);
  let compressedSize = data.getUint32(at + 20, true);
  let headerOffset = data.getUint32(at + 42, true);
  if (size !== 0xffffffff && compressedSize !== 0xffffffff && headerOffset !== 0xffffffff) {
    return { size, compressedSize, headerOffset };
  }
  const end = extraAt + extraLength;
  for (let field = extraAt; field + 4 <= end; field += 4 + data.getUint16(field + 2, true)) {
    if (data.getUint16(field, true) !== 1) continue;
    const fieldEnd = field + 4 + data.getUint16(field + 2, true);
    let next = field + 4;
    const take = (): number => {
      if (next + 8 > fieldEnd || fieldEnd > end) return Number.NaN;
      next += 8;
      return Number(data.getBigUint64(next - 8, true));
    };
    if (size === 0xffffffff) size = take();
    if (compressedSize === 0xffffffff) compressedSize = take();
    if (headerOffset === 0xffffffff) headerOffset = take();
    const valid = [size, compressedSize, headerOffset].every(Number.isSafeInteger);
    return valid ? { size, compressedSize, headerOffset } : undefined;
  }
  return undefined;
}

function safe(value: bigint, fail: (message: string) => never): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? fail("a length in it is impossible") : Number(value);
}
