import type { RandomAccessFile } from "./types.js";

/** What is known about a downloaded file. */
export interface FileInfo {
  readonly url: string;
  /** Length in bytes, where the server told it. */
  readonly size?: number;
  /** The validator that a later request may send back. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** Lower-case hexadecimal, where the server told it. */
  readonly sha256?: string;
}

/** A complete file of the store. */
export interface StoredFile {
  readonly info: FileInfo;
  readonly size: number;
  /** @param name what messages call the file. */
  open(name: string): Promise<RandomAccessFile>;
}

/** A file that is being downloaded; held by one at a time. */
export interface PartialFile {
  /** What an earlier attempt knew of it; undefined when there are no bytes yet. */
  readonly info: FileInfo | undefined;
  /** Bytes that are there. */
  readonly loaded: number;
  /** Throws away what is there, and begins again. */
  restart(info: FileInfo): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
  /** SHA-256 of what is there. */
  sha256(): Promise<string>;
  /** Makes the file visible to all, at once. */
  complete(info: FileInfo): Promise<StoredFile>;
  /** Lets go of it. What has arrived stays for the next attempt. */
  release(): Promise<void>;
}

/** Where downloads are kept: a folder on disk, a browser's Cache, or memory. Keys are relative paths with "/". */
export interface FileStore {
  find(key: string): Promise<StoredFile | undefined>;
  /**
   * Waits until nobody else downloads that file; the other may have finished it meanwhile.
   * @param accept whether a complete file that is there will do; one that will not is replaced.
   */
  begin(key: string, accept: (info: FileInfo) => boolean, signal?: AbortSignal): Promise<StoredFile | PartialFile>;
  /** A short text, as the commit that a branch had. */
  readNote(key: string): Promise<string | undefined>;
  writeNote(key: string, text: string): Promise<void>;
  /** Names of the complete files under a key, sorted. */
  names(prefix: string): Promise<string[]>;
}

export function isStored(file: StoredFile | PartialFile): file is StoredFile {
  return "open" in file;
}

/** Another took over a download whose holder had been silent for too long. */
export class Superseded extends Error {
  override readonly name = "Superseded";
}
