import { crc32 } from "./crc32.js";

/** One file to be stored in an archive: its name, its exact length, its contents in pieces. */
export interface ZipInput {
  readonly name: string;
  readonly size: number;
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const MAX_32 = 0xffffffff;
/** Data descriptor follows; names are UTF-8. As PyTorch writes it. */
const FLAGS = 0x0808;
/** 1980-01-01, so that equal contents give equal files. */
const DATE = 0x21;

interface Written {
  readonly name: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/**
 * Writes a zip archive of stored entries, piece by piece (PKWARE APPNOTE 6.3; zip64 where sizes need it). The contents
 * of each entry start at a multiple of `alignment`, so that a reader may map them into memory.
 */
export async function* writeZip(inputs: Iterable<ZipInput>, alignment = 64): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let at = 0;
  for (const input of inputs) {
    const name = new TextEncoder().encode(input.name);
    const offset = at;
    const start = localHeader(name, at, alignment);
    yield start;
    at += start.length;
    let crc = 0;
    for await (const chunk of input.chunks()) {
      crc = crc32(chunk, crc);
      at += chunk.length;
      yield chunk;
    }
    const end = descriptor(crc, input.size);
    yield end;
    at += end.length;
    written.push({ name, size: input.size, crc, offset });
  }
  yield directory(written, at);
}

function localHeader(name: Uint8Array, at: number, alignment: number): Uint8Array {
  // The padding is an extra field with the tag "FB" and at least its own four bytes, as PyTorch has it.
  const unpadded = at + 30 + name.length + 4;
  const padding = (alignment - (unpadded % alignment)) % alignment;
  const bytes = new Uint8Array(30 + name.length + 4 + padding).fill(0x5a);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(4, 45, true);
  view.setUint16(6, FLAGS, true);
  view.setUint16(8, 0, true);
  view.setUint16(10, 0, true);
  view.setUint16(12, DATE, true);
  // Checksum and sizes are in the descriptor behind the contents.
  view.setUint32(14, 0, true);
  view.setUint32(18, 0, true);
  view.setUint32(22, 0, true);
  view.setUint16(26, name.length, true);
  view.setUint16(28, 4 + padding, true);
  bytes.set(name, 30);
  view.setUint16(30 + name.length, 0x4246, true);
  view.setUint16(32 + name.length, padding, true);
  return bytes;
}

function descriptor(crc: number, size: number): Uint8Array {
  const large = size >= MAX_32;
  const bytes = new Uint8Array(large ? 24 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x08074b50, true);
  view.setUint32(4, crc, true);
  if (large) {
    view.setBigUint64(8, BigInt(size), true);
    view.setBigUint64(16, BigInt(size), true);
  } else {
    view.setUint32(8, size, true);
    view.setUint32(12, size, true);
  }
  return bytes;
}

function directory(entries: readonly Written[], start: number): Uint8Array {
  const parts = entries.map(centralHeader);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const large = entries.length >= 0xffff || start >= MAX_32 || size >= MAX_32;
  const bytes = new Uint8Array(size + (large ? 76 : 0) + 22);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  if (large) {
    view.setUint32(at, 0x06064b50, true);
    view.setBigUint64(at + 4, 44n, true);
    view.setUint16(at + 12, 45, true);
    view.setUint16(at + 14, 45, true);
    view.setBigUint64(at + 24, BigInt(entries.length), true);
    view.setBigUint64(at + 32, BigInt(entries.length), true);
    view.setBigUint64(at + 40, BigInt(size), true);
    view.setBigUint64(at + 48, BigInt(start), true);
    view.setUint32(at + 56, 0x07064b50, true);
    view.setBigUint64(at + 64, BigInt(start + size), true);
    view.setUint32(at + 72, 1, true);
    at += 76;
  }
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, Math.min(entries.length, 0xffff), true);
  view.setUint16(at + 10, Math.min(entries.length, 0xffff), true);
  view.setUint32(at + 12, Math.min(size, MAX_32), true);
  view.setUint32(at + 16, Math.min(start, MAX_32), true);
  return bytes;
}

function centralHeader({ name, size, crc, offset }: Written): Uint8Array {
  const large: number[] = [];
  if (size >= MAX_32) large.push(size, size);
  if (offset >= MAX_32) large.push(offset);
  const extra = large.length > 0 ? 4 + 8 * large.length : 0;
  const bytes = new Uint8Array(46 + name.length + extra);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 45, true);
  view.setUint16(6, 45, true);
  view.setUint16(8, FLAGS, true);
  view.setUint16(14, DATE, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, Math.min(size, MAX_32), true);
  view.setUint32(24, Math.min(size, MAX_32), true);
  view.setUint16(28, name.length, true);
  view.setUint16(30, extra, true);
  view.setUint32(42, Math.min(offset, MAX_32), true);
  bytes.set(name, 46);
  if (extra > 0) {
    const field = 46 + name.length;
    view.setUint16(field, 1, true);
    view.setUint16(field + 2, extra - 4, true);
    for (const [i, value] of large.entries()) view.setBigUint64(field + 4 + 8 * i, BigInt(value), true);
  }
  return bytes;
}
