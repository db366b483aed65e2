import { FilesError } from "./errors.js";
import { blobFile } from "./memory.js";
import { checkFileName } from "./names.js";
import type { FileSet } from "./types.js";
import { wholeFiles } from "./whole.js";

const MAX_DEPTH = 4;

/** Whether a value is a folder of the File System API (chosen by a person, or the origin's private one). */
export function isDirectoryHandle(value: unknown): value is FileSystemDirectoryHandle {
  const candidate = value as Partial<FileSystemDirectoryHandle> | null;
  return (
    typeof candidate === "object" && candidate?.kind === "directory" && typeof candidate.getFileHandle === "function"
  );
}

/** The files of a browser's folder handle. */
export function directoryFileSet(root: FileSystemDirectoryHandle): FileSet {
  const location = root.name || "folder";
  const find = async (name: string): Promise<File | undefined> => {
    const folders = checkFileName(name, location).split("/");
    const last = folders.pop()!;
    try {
      let folder = root;
      for (const part of folders) folder = await folder.getDirectoryHandle(part);
      return await (await folder.getFileHandle(last)).getFile();
    } catch (cause) {
      const kind = (cause as DOMException).name;
      if (kind === "NotFoundError" || kind === "TypeMismatchError") return undefined;
      const message = `cannot read ${name} in ${location}: ${(cause as Error).message}`;
      throw new FilesError("io", message, { location, file: name, cause });
    }
  };
  const get = async (name: string): Promise<File> => {
    const file = await find(name);
    if (!file) throw new FilesError("not-found", `${location} has no file ${name}`, { location, file: name });
    return file;
  };
  const open = async (name: string) => blobFile(name, await get(name));
  return {
    location,
    has: async (name) => (await find(name)) !== undefined,
    async list() {
      const names: string[] = [];
      const visit = async (folder: FileSystemDirectoryHandle, prefix: string, depth: number): Promise<void> => {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === "file") names.push(prefix + name);
          else if (depth < MAX_DEPTH) await visit(handle as FileSystemDirectoryHandle, `${prefix}${name}/`, depth + 1);
        }
      };
      await visit(root, "", 0);
      return names.sort();
    },
    open,
    ...wholeFiles(location, open),
    async close() {},
  };
}
