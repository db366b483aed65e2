import { cacheApiStore, memoryStore } from "./blob-store.js";
import { directoryFileSet, isDirectoryHandle } from "./directory.js";
import { diskStore } from "./disk-store.js";
import { FilesError } from "./errors.js";
import { folderFileSet } from "./folder.js";
import { hubEndpoint, hubFileSet, hubIdOfUrl, parseHubId } from "./hub.js";
import { memoryFileSet } from "./memory.js";
import { cacheFolder, environment, hasNode, isTrue } from "./platform.js";
import { printable } from "./quoted.js";
import type { FileStore } from "./store.js";
import type { FileSet, ModelSource, OpenFilesOptions } from "./types.js";
import { urlFileSet } from "./url.js";

/**
 * Opens the files of a model, wherever they are. Nothing is downloaded before a file is asked for.
 *
 * A string is an http(s) or file address when it has a scheme; else a folder when there is one of that name, or it
 * looks like a path ("./...", "/...", "C:\..."); else a hub id. In a browser a path is an address relative to the page.
 * @throws FilesError: see {@link FilesErrorCode}. An aborted `signal` rejects with the signal's reason.
 */
export async function openFiles(source: ModelSource, options: OpenFilesOptions = {}): Promise<FileSet> {
  options.signal?.throwIfAborted();
  if (typeof source === "string") return openText(source.trim(), options);
  if (source instanceof URL) return openUrl(source, options);
  if (isFileSet(source)) return source;
  if (isDirectoryHandle(source)) return directoryFileSet(source);
  if (source !== null && typeof source === "object") return openContents(source);
  throw new FilesError("invalid-source", `cannot open a ${typeof source} as a model; give a folder, URL or hub id`, {
    location: String(source),
  });
}

/**
 * Opens the files of a model for some work, and closes them after it. A set that is open already stays so: who opens a
 * set closes it, and nobody else does.
 * @param use gets the set; its result is that of the call.
 * @throws FilesError as {@link openFiles} does, and what `use` throws.
 */
export async function withFiles<Result>(
  source: ModelSource,
  options: OpenFilesOptions,
  use: (files: FileSet) => Promise<Result>,
): Promise<Result> {
  const files = await openFiles(source, options);
  try {
    return await use(files);
  } finally {
    if (files !== source) await files.close();
  }
}

async function openText(text: string, options: OpenFilesOptions): Promise<FileSet> {
  if (text === "") throw new FilesError("invalid-source", "the model's name is empty", { location: text });
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text) || text.startsWith("file:")) {
    return openUrl(parseUrl(text), options);
  }
  if (text.length > 4096 || text.includes("\0")) {
    throw new FilesError("invalid-source", `${printable(text)} is neither a path nor a hub id`, {
      location: printable(text),
    });
  }
  const pathLike = /^(\.{0,2}[/\\]|~[/\\]|\.{1,2}$|[a-z]:[/\\])|\\/i.test(text);
  if (!hasNode()) {
    if (!pathLike) return openHub(text, options);
    const { location } = globalThis as { location?: { href: string } };
    if (location) return openUrl(new URL(text, location.href), options);
    throw new FilesError("invalid-source", `${text}: there are no local folders here; give a URL`, { location: text });
  }
  const folder = await existingFolder(text);
  if (folder) return folder;
  if (pathLike || !parseHubId(text)) {
    const shown = printable(text);
    throw new FilesError("not-found", `there is no folder ${shown}, and that is not a hub id ("organisation/name")`, {
      location: text,
    });
  }
  return openHub(text, options);
}

async function existingFolder(text: string): Promise<FileSet | undefined> {
  const fs = await import("node:fs/promises");
  const stats = await fs.stat(text).catch(() => undefined);
  if (stats?.isDirectory()) return folderFileSet(text);
  if (stats) {
    const what = stats.isFile() ? "a file; give the folder it is in" : "neither a folder nor a file";
    throw new FilesError("invalid-source", `${text} is ${what}`, { location: text });
  }
  return undefined;
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The text stays untold: it may hold a password. So does the cause, which quotes it.
    const scheme = printable(text.slice(0, text.indexOf(":")));
    throw new FilesError("invalid-source", `what was given as a ${scheme} address is not a valid one`, {
      location: scheme,
    });
  }
}

async function openUrl(url: URL, options: OpenFilesOptions): Promise<FileSet> {
  const { protocol } = url;
  if (protocol === "file:" && hasNode()) {
    const { fileURLToPath } = await import("node:url");
    const path = fileURLToPath(url);
    const folder = await existingFolder(path);
    if (folder) return folder;
    throw new FilesError("not-found", `there is no folder ${path}`, { location: path });
  }
  if (protocol !== "http:" && protocol !== "https:") {
    throw new FilesError("invalid-source", `${protocol} only http, https and (outside browsers) file can be opened`, {
      location: protocol,
    });
  }
  const hub = hubIdOfUrl(url, hubEndpoint(options));
  if (hub) return hubFileSet(hub, await openStore(options), isOffline(options), options);
  return urlFileSet(url, await openStore(options), isOffline(options), options);
}

async function openHub(text: string, options: OpenFilesOptions): Promise<FileSet> {
  const hub = parseHubId(text);
  if (!hub) {
    throw new FilesError(
      "invalid-source",
      `${printable(text)} is not a hub id ("organisation/name", or with "@revision")`,
      {
        location: text,
      },
    );
  }
  return hubFileSet(hub, await openStore(options), isOffline(options), options);
}

function isOffline(options: OpenFilesOptions): boolean {
  if (options.offline !== undefined) return options.offline;
  if (isTrue(environment("CONVBERT_OFFLINE"))) return true;
  // As in Python: the second counts where the first is not set at all.
  return isTrue(environment("HF_HUB_OFFLINE") ?? environment("TRANSFORMERS_OFFLINE"));
}

/** A page without a Cache (not a secure context) keeps downloads in memory, for as long as it lives. */
let pageStore: FileStore | undefined;

/** Where downloads are kept here. */
export async function openStore(options: Pick<OpenFilesOptions, "cacheDirectory">): Promise<FileStore> {
  if (hasNode()) return diskStore(await cacheFolder(options.cacheDirectory));
  if (!pageStore) {
    const { caches } = globalThis as { caches?: CacheStorage };
    pageStore = caches ? cacheApiStore(caches) : memoryStore();
  }
  return pageStore;
}

function openContents(
  source: Iterable<File> | Readonly<Record<string, Blob | ArrayBuffer | Uint8Array | string>>,
): FileSet {
  const contents = new Map<string, Blob | Uint8Array>();
  if (Symbol.iterator in source) {
    const files = [...(source as Iterable<File>)];
    for (const file of files) {
      if (!(file instanceof Blob)) throw badContents(String(file));
      contents.set(relativeName(file, files), file);
    }
    return memoryFileSet(contents, "the files given");
  }
  const encoder = new TextEncoder();
  for (const [name, value] of Object.entries(source)) {
    if (typeof value === "string") contents.set(name, encoder.encode(value));
    else if (value instanceof Blob || value instanceof Uint8Array) contents.set(name, value);
    else if (value instanceof ArrayBuffer) contents.set(name, new Uint8Array(value));
    else throw badContents(name);
  }
  return memoryFileSet(contents, "the files given");
}

function badContents(name: string): FilesError {
  const message = `${name}: contents must be a File, Blob, ArrayBuffer, Uint8Array or string`;
  return new FilesError("invalid-source", message, { location: name });
}

/** A chosen folder gives "folder/config.json" for each file; the folder that all have in common is left out. */
function relativeName(file: File, all: readonly File[]): string {
  const path = file.webkitRelativePath;
  if (!path) return file.name;
  const top = path.slice(0, path.indexOf("/") + 1);
  return all.every((other) => other.webkitRelativePath?.startsWith(top)) ? path.slice(top.length) : path;
}

function isFileSet(source: unknown): source is FileSet {
  const candidate = source as Partial<FileSet> | null;
  return typeof candidate === "object" && typeof candidate?.open === "function" && typeof candidate.has === "function";
}
