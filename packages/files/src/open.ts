import { FilesError } from "./errors.js";
import { folderFileSet } from "./folder.js";
import { memoryFileSet } from "./memory.js";
import type { FileSet, ModelSource, OpenFilesOptions } from "./types.js";

/**
 * Opens the files of a model, wherever they are. Nothing is downloaded before a file is asked for.
 * @throws FilesError: see {@link FilesErrorCode}.
 */
export async function openFiles(source: ModelSource, _options: OpenFilesOptions = {}): Promise<FileSet> {
  if (typeof source === "string") return folderFileSet(source);
  if (source instanceof URL && source.protocol === "file:") {
    const { fileURLToPath } = await import("node:url");
    return folderFileSet(fileURLToPath(source));
  }
  if (isFileSet(source)) return source;
  if (source !== null && typeof source === "object" && !(source instanceof URL)) {
    const contents = new Map<string, Blob | Uint8Array>();
    if (Symbol.iterator in source) {
      for (const file of source as Iterable<File>) contents.set(file.name, file);
    } else {
      const encoder = new TextEncoder();
      for (const [name, value] of Object.entries(source)) {
        if (typeof value === "string") contents.set(name, encoder.encode(value));
        else if (value instanceof ArrayBuffer) contents.set(name, new Uint8Array(value));
        else contents.set(name, value);
      }
    }
    return memoryFileSet(contents);
  }
  throw new FilesError("invalid-source", `cannot open ${String(source)} as a model`, { location: String(source) });
}

function isFileSet(source: unknown): source is FileSet {
  const candidate = source as Partial<FileSet> | null;
  return typeof candidate === "object" && typeof candidate?.open === "function" && typeof candidate.has === "function";
}
