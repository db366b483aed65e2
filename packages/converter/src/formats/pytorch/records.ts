import type { RandomAccessFile } from "@convbert/files";
import { readRange } from "../../source.js";
import { contentsOffset, readEntry, type ZipArchive, type ZipEntry } from "../../zip/read.js";

/** The bytes behind a storage key, wherever the file keeps them. */
export interface StorageRecord {
  /** Length in bytes. */
  readonly size: number;
  /** Bytes of a part; a view where they are in memory. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Where the record starts in `file`, when it is there as it is. */
  locate(): Promise<number | undefined>;
}

/** A record that lies in the file as it is. */
export function plainRecord(file: RandomAccessFile, offset: number, size: number): StorageRecord {
  return {
    size,
    read: (start, length) => readRange(file, offset + start, length),
    locate: async () => offset,
  };
}

/** A record of a zip archive. A deflated one is unpacked as a whole, and kept only as long as something uses it. */
export function zipRecord(archive: ZipArchive, entry: ZipEntry): StorageRecord {
  if (entry.method === 0) {
    let offset: Promise<number> | undefined;
    const locate = () => (offset ??= contentsOffset(archive, entry));
    return {
      size: entry.size,
      read: async (start, length) => readRange(archive.file, (await locate()) + start, length),
      locate,
    };
  }
  let kept: WeakRef<Uint8Array> | undefined;
  return {
    size: entry.size,
    async read(start, length, signal) {
      let bytes = kept?.deref();
      if (!bytes) {
        bytes = await readEntry(archive, entry, signal);
        kept = new WeakRef(bytes);
      }
      return bytes.subarray(start, start + length);
    },
    locate: async () => undefined,
  };
}
