import type { Stats } from "node:fs";
import { FilesError } from "./errors.js";
import { checkRange, truncated } from "./memory.js";
import { checkFileName } from "./names.js";
import { unfinishedSave } from "./save-journal.js";
import type { FileSet, RandomAccessFile } from "./types.js";
import { wholeFiles } from "./whole.js";

const MAX_LISTED = 100_000;

/** A folder on disk (Node, Bun, Deno). */
export async function folderFileSet(folder: string): Promise<FileSet> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const { existsSync } = await import("node:fs");
  const root = path.resolve(folder);
  /** Where a file is: that of a save that was killed while it renamed may have another name yet. */
  const unfinished = await unfinishedSave(root);
  const resolve = (name: string) => {
    const temporary = unfinished.get(checkFileName(name, folder));
    const file = path.join(root, name);
    return temporary !== undefined && existsSync(path.join(root, temporary)) ? path.join(root, temporary) : file;
  };

  const isFile = async (name: string): Promise<boolean> => {
    const found = await fs.stat(resolve(name)).catch(() => undefined);
    return found?.isFile() ?? false;
  };
  const failed = (name: string, cause: unknown): FilesError => {
    if (cause instanceof FilesError) return cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") {
      return new FilesError("not-found", `${folder} has no file ${name}`, { location: folder, file: name, cause });
    }
    const message = `cannot read ${name} in ${folder}: ${(cause as Error).message}`;
    return new FilesError("io", message, { location: folder, file: name, cause });
  };
  const open = async (name: string): Promise<RandomAccessFile> =>
    openDiskFile(resolve(name), name).catch((cause) => Promise.reject(failed(name, cause)));

  return {
    location: folder,
    has: isFile,
    async list() {
      const names: string[] = [];
      const visit = async (relative: string, depth: number): Promise<void> => {
        for (const entry of await fs.readdir(path.join(root, relative), { withFileTypes: true })) {
          const name = relative === "" ? entry.name : `${relative}/${entry.name}`;
          if (entry.isDirectory() && depth < 4 && !entry.name.startsWith(".")) await visit(name, depth + 1);
          else if (!entry.isDirectory() && (await isFile(name).catch(() => false))) names.push(name);
          if (names.length >= MAX_LISTED) return;
        }
      };
      await visit("", 0).catch((cause) => Promise.reject(failed(".", cause)));
      for (const name of unfinished.keys()) if (!names.includes(name) && (await isFile(name))) names.push(name);
      return names.sort();
    },
    open,
    ...wholeFiles(folder, open),
    async close() {},
  };
}

/**
 * Opens a file on disk for reads at any offset; `name` is what messages call it. A pipe, a device or a socket is refused:
 * reading it may never end, or do something.
 */
export async function openDiskFile(path: string, name: string): Promise<RandomAccessFile> {
  const fs = await import("node:fs/promises");
  const { constants } = await import("node:fs");
  refuseOthers(await fs.stat(path), path, name);
  // Should a pipe have come in its place by now, opening it does not wait for its other end. (Windows has no such flag.)
  const handle = await fs.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const stats = await handle.stat();
  try {
    refuseOthers(stats, path, name);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const size = stats.size;
  return {
    name,
    size,
    async read(offset, target) {
      checkRange(name, size, offset, target.length);
      let done = 0;
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, offset + done);
        if (bytesRead === 0) throw truncated(name, offset + done, offset, target.length);
        done += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

function refuseOthers(stats: Stats, path: string, name: string): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR" });
  const kind = stats.isFIFO() ? "a pipe" : stats.isSocket() ? "a socket" : "a device";
  const message = `${path} is ${kind}, not a file; copy what it gives into a file`;
  throw new FilesError("invalid-source", message, { location: path, file: name });
}
