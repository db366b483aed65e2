import { type FileContents, type FileSet, openFiles, writeFiles } from "@convbert/files";

/** Where checkpoints are kept. Each is a few files under one name, and is there whole or not at all. */
export interface CheckpointStorage {
  /** Where it is, for messages. */
  readonly location: string;
  /** Names of the checkpoints that are complete. */
  list(): Promise<string[]>;
  /** Writes the files as one unit: whatever happens, `list` names it only when all of them are safe. */
  write(name: string, files: Iterable<readonly [string, FileContents]>): Promise<void>;
  /** The files of a complete checkpoint. */
  read(name: string): Promise<FileSet>;
  remove(name: string): Promise<void>;
}

/** Checkpoints in memory: for trials, and pages that keep nothing. */
export function memoryCheckpoints(): CheckpointStorage {
  const checkpoints = new Map<string, Map<string, Blob>>();
  return {
    location: "memory",
    list: async () => [...checkpoints.keys()],
    async write(name, files) {
      const blobs = new Map<string, Blob>();
      await writeFiles(blobs, files);
      checkpoints.set(name, blobs);
    },
    read: (name) => openFiles(Object.fromEntries(checkpoints.get(name) ?? [])),
    async remove(name) {
      checkpoints.delete(name);
    },
  };
}

/** Written last: a folder without it is not complete. */
const COMPLETE = "complete";

/**
 * Checkpoints in a browser's folder: one that a person chose, or the origin's private file system
 * (`navigator.storage.getDirectory()`), which workers can use, too.
 */
export function directoryCheckpoints(folder: FileSystemDirectoryHandle): CheckpointStorage {
  return {
    location: folder.name || "the page's private folder",
    async list() {
      const names: string[] = [];
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind !== "directory") continue;
        const found = await (handle as FileSystemDirectoryHandle).getFileHandle(COMPLETE).catch(() => undefined);
        if (found) names.push(name);
      }
      return names;
    },
    async write(name, files) {
      await folder.removeEntry(name, { recursive: true }).catch(() => undefined);
      const target = await folder.getDirectoryHandle(name, { create: true });
      await writeFiles(target, files);
      await writeFiles(target, { [COMPLETE]: "" });
    },
    read: async (name) => openFiles(await folder.getDirectoryHandle(name)),
    async remove(name) {
      const target = await folder.getDirectoryHandle(name).catch(() => undefined);
      await target?.removeEntry(COMPLETE).catch(() => undefined);
      await folder.removeEntry(name, { recursive: true }).catch(() => undefined);
    },
  };
}
