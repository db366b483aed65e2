import { isDirectoryHandle } from "./directory.js";
import { FilesError } from "./errors.js";
import { checkFileName } from "./names.js";
import { hasNode } from "./platform.js";
import type { Sink } from "./sink.js";
import type { Progress } from "./types.js";
import { writeToDisk } from "./write-disk.js";

/** What a file is to hold: whole, or in pieces that are asked for one by one. */
export type FileContents = string | Uint8Array | Blob | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A folder on disk, a browser's folder handle, or a Map that gets a Blob for each file. */
export type WriteDestination = string | URL | FileSystemDirectoryHandle | Map<string, Blob>;

export interface WriteFilesOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Names of files already there that are removed once the new ones are in place, as the shards of an earlier save. */
  readonly isStale?: (name: string) => boolean;
}

/**
 * Writes files so that none is ever seen half-written: each goes to a temporary file beside its place, and only when
 * all are on disk they take their places. When anything fails, or `signal` aborts, what was there before stays.
 * Contents are taken in the order given, one file at a time.
 * @throws FilesError "io" when the disk refuses, "invalid-name" for a name that leaves the folder, "invalid-source"
 *   for a destination that this platform cannot write.
 */
export async function writeFiles(
  destination: WriteDestination,
  files: Iterable<readonly [string, FileContents]> | Readonly<Record<string, FileContents>>,
  options: WriteFilesOptions = {},
): Promise<void> {
  const { signal, onProgress, isStale = () => false } = options;
  const entries = Symbol.iterator in files ? [...files] : Object.entries(files);
  const location = destinationName(destination);
  for (const [name] of entries) checkFileName(name, location);
  signal?.throwIfAborted();
  const sink = await openSink(destination);
  try {
    for (const [name, contents] of entries) {
      let written = 0;
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        for await (const piece of pieces(contents)) {
          signal?.throwIfAborted();
          yield piece;
          written += piece.length;
          onProgress?.({ file: name, status: "write", loaded: written, total: sizeOf(contents) });
        }
      };
      await sink.write(name, counted());
      onProgress?.({ file: name, status: "done", loaded: written, total: written });
    }
    signal?.throwIfAborted();
    await sink.commit((name) => !entries.some(([own]) => own === name) && isStale(name));
  } catch (error) {
    await sink.discard().catch(() => undefined);
    throw error;
  }
}

async function openSink(destination: WriteDestination): Promise<Sink> {
  if (destination instanceof Map) return mapSink(destination);
  if (isDirectoryHandle(destination)) return handleSink(destination);
  if (!hasNode()) {
    const message = "a page cannot write to a path; give a folder handle, or a Map that gets the files as Blobs";
    throw new FilesError("invalid-source", message, { location: String(destination) });
  }
  if (destination instanceof URL || destination.startsWith("file:")) {
    const url = new URL(destination);
    if (url.protocol !== "file:") {
      throw new FilesError("invalid-source", `cannot write to ${url.href}`, { location: url.href });
    }
    const { fileURLToPath } = await import("node:url");
    return writeToDisk(fileURLToPath(url));
  }
  return writeToDisk(destination);
}

function destinationName(destination: WriteDestination): string {
  if (destination instanceof Map) return "memory";
  return isDirectoryHandle(destination) ? destination.name : String(destination);
}

async function* pieces(contents: FileContents): AsyncGenerator<Uint8Array> {
  if (typeof contents === "string") yield new TextEncoder().encode(contents);
  else if (contents instanceof Uint8Array) yield contents;
  else if (contents instanceof Blob) {
    const step = 1 << 22;
    for (let at = 0; at < contents.size; at += step) {
      yield new Uint8Array(await contents.slice(at, at + step).arrayBuffer());
    }
  } else yield* contents;
}

function sizeOf(contents: FileContents): number | undefined {
  if (contents instanceof Uint8Array) return contents.length;
  return contents instanceof Blob ? contents.size : undefined;
}

function mapSink(target: Map<string, Blob>): Sink {
  const done = new Map<string, Blob>();
  return {
    async write(name, contents) {
      // A Blob a few megabytes at a time: the browser may move each of them out of memory.
      const blobs: Blob[] = [];
      let held: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      for await (const piece of contents) {
        held.push(piece.slice());
        size += piece.length;
        if (size < 1 << 22) continue;
        blobs.push(new Blob(held));
        held = [];
        size = 0;
      }
      done.set(name, new Blob([...blobs, ...held]));
    },
    async commit(isStale) {
      for (const name of [...target.keys()]) if (isStale(name)) target.delete(name);
      for (const [name, blob] of done) target.set(name, blob);
    },
    async discard() {},
  };
}

/** The File System API writes beside the file by itself, and swaps when the stream is closed. */
function handleSink(root: FileSystemDirectoryHandle): Sink {
  const open: FileSystemWritableFileStream[] = [];
  return {
    async write(name, contents) {
      const folders = name.split("/");
      const last = folders.pop()!;
      let folder = root;
      for (const part of folders) folder = await folder.getDirectoryHandle(part, { create: true });
      const stream = await (await folder.getFileHandle(last, { create: true })).createWritable();
      open.push(stream);
      for await (const piece of contents) await stream.write(piece as Uint8Array<ArrayBuffer>);
    },
    async commit(isStale) {
      for (const stream of open) await stream.close();
      const stale: string[] = [];
      for await (const [name, handle] of root.entries()) if (handle.kind === "file" && isStale(name)) stale.push(name);
      for (const name of stale) await root.removeEntry(name);
    },
    async discard() {
      for (const stream of open) await stream.abort().catch(() => undefined);
    },
  };
}
