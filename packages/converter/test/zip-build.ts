import { crc32, deflateRawSync } from "node:zlib";

/** One entry of a zip archive, with any field set wrong on purpose. */
export interface ZipPart {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  readonly method?: number;
  readonly flags?: number;
  /** Lies of the central directory. */
  readonly size?: number;
  readonly compressedSize?: number;
  readonly crc?: number;
  readonly offset?: number;
  /** Sizes and place in a zip64 field, as archives past 4 GiB have them. */
  readonly zip64?: boolean;
  /** Checksum and sizes behind the contents. */
  readonly descriptor?: boolean;
}

export interface ZipEnd {
  readonly count?: number;
  readonly directorySize?: number;
  readonly directoryOffset?: number;
  readonly zip64?: boolean;
  readonly comment?: string;
}

const MAX_32 = 0xffffffff;

function fields(...values: readonly (readonly [number, 2 | 4 | 8])[]): Buffer {
  const bytes = Buffer.alloc(values.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of values) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(value, at, size);
    at += size;
  }
  return bytes;
}

/** Builds a zip archive by hand. */
export function buildZip(parts: readonly ZipPart[], end: ZipEnd = {}): Uint8Array {
  const chunks: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  const put = (bytes: Uint8Array) => {
    chunks.push(Buffer.from(bytes));
    at += bytes.length;
  };
  for (const part of parts) {
    const name = Buffer.from(part.name);
    const stored = part.deflate ? deflateRawSync(part.data) : part.data;
    const method = part.method ?? (part.deflate ? 8 : 0);
    const crc = part.crc ?? crc32(part.data);
    const flags = part.flags ?? (part.descriptor ? 8 : 0);
    const offset = part.offset ?? at;
    const size = part.size ?? part.data.length;
    const compressed = part.compressedSize ?? stored.length;
    const local = part.descriptor ? [0, 0, 0] : [crc, Math.min(compressed, MAX_32), Math.min(size, MAX_32)];
    put(
      fields(
        [0x04034b50, 4],
        [45, 2],
        [flags, 2],
        [method, 2],
        [0, 4],
        ...local.map((v) => [v, 4] as const),
        [name.length, 2],
        [0, 2],
      ),
    );
    put(name);
    put(stored);
    if (part.descriptor) put(fields([0x08074b50, 4], [crc, 4], [compressed, 4], [size, 4]));
    const extra = part.zip64 ? fields([1, 2], [24, 2], [size, 8], [compressed, 8], [offset, 8]) : Buffer.alloc(0);
    const shown = part.zip64 ? [MAX_32, MAX_32, MAX_32] : [compressed, size, offset];
    central.push(
      fields(
        [0x02014b50, 4],
        [45, 2],
        [45, 2],
        [flags, 2],
        [method, 2],
        [0, 4],
        [crc, 4],
        [shown[0]!, 4],
        [shown[1]!, 4],
      ),
      fields([name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [shown[2]!, 4]),
      name,
      extra,
    );
  }
  const directory = Buffer.concat(central);
  const directoryOffset = end.directoryOffset ?? at;
  const directorySize = end.directorySize ?? directory.length;
  const count = end.count ?? parts.length;
  put(directory);
  if (end.zip64) {
    const record = at;
    put(
      fields(
        [0x06064b50, 4],
        [44, 8],
        [45, 2],
        [45, 2],
        [0, 4],
        [0, 4],
        [count, 8],
        [count, 8],
        [directorySize, 8],
        [directoryOffset, 8],
      ),
    );
    put(fields([0x07064b50, 4], [0, 4], [record, 8], [1, 4]));
  }
  const shown = end.zip64 ? [0xffff, MAX_32, MAX_32] : [count, directorySize, directoryOffset];
  const comment = Buffer.from(end.comment ?? "");
  put(
    fields(
      [0x06054b50, 4],
      [0, 4],
      [shown[0]!, 2],
      [shown[0]!, 2],
      [shown[1]!, 4],
      [shown[2]!, 4],
      [comment.length, 2],
    ),
  );
  put(comment);
  return new Uint8Array(Buffer.concat(chunks));
}

/** The archive of `torch.save` around a pickle and its storages. */
export function torchZip(pickle: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, data: bytes }));
  return buildZip([{ name: "archive/data.pkl", data: pickle }, ...data]);
}

/** A pickle from pieces: text stands for opcodes and their text, numbers for single bytes. */
export function pickle(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === "string"
          ? Buffer.from(part, "latin1")
          : typeof part === "number"
            ? Buffer.of(part)
            : Buffer.from(part),
      ),
    ),
  );
}
