import { FilesError } from "./errors.js";
import { checkFileName } from "./names.js";
import type { FileSet, RandomAccessFile } from "./types.js";
import { wholeFiles } from "./whole.js";

/** Contents that are in memory already. */
export function memoryFile(name: string, bytes: Uint8Array): RandomAccessFile {
  return {
    name,
    size: bytes.length,
    bytes,
    async read(offset, target) {
      checkRange(name, bytes.length, offset, target.length);
      target.set(bytes.subarray(offset, offset + target.length));
    },
    async close() {},
  };
}

/** A browser's Blob or File: read piece by piece, so that a large one never has to fit into memory. */
export function blobFile(name: string, blob: Blob): RandomAccessFile {
  return {
    name,
    size: blob.size,
    async read(offset, target) {
      checkRange(name, blob.size, offset, target.length);
      const bytes = new Uint8Array(await blob.slice(offset, offset + target.length).arrayBuffer());
      if (bytes.length !== target.length) throw truncated(name, blob.size, offset, target.length);
      target.set(bytes);
    },
    async close() {},
  };
}

/** @throws FilesError "truncated" unless `length` bytes at `offset` lie inside a file of `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > size)
    throw truncated(name, size, offset, length);
}

export function truncated(name: string, size: number, offset: number, length: number): FilesError {
  return new FilesError("truncated", `${name}: asked for ${length} bytes at ${offset}, but the file has ${size}`, {
    location: name,
    file: name,
  });
}

/** A {@link FileSet} over Blobs and byte arrays by name. */
export function memoryFileSet(contents: ReadonlyMap<string, Blob | Uint8Array>, location = "memory"): FileSet {
  const find = (name: string): Blob | Uint8Array => {
    const found = contents.get(checkFileName(name, location));
    if (found === undefined) {
      const given = contents.size === 0 ? "no files" : [...contents.keys()].sort().slice(0, 12).join(", ");
      throw new FilesError("not-found", `${name} is not among the files given (${given})`, { location, file: name });
    }
    return found;
  };
  const open = async (name: string): Promise<RandomAccessFile> => {
    const found = find(name);
    return found instanceof Uint8Array ? memoryFile(name, found) : blobFile(name, found);
  };
  return {
    location,
    has: async (name) => contents.has(checkFileName(name, location)),
    list: async () => [...contents.keys()].sort(),
    open,
    ...wholeFiles(location, open),
    async close() {},
  };
}
