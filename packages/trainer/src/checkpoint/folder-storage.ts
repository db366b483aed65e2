import { openFiles, writeFiles } from "@convbert/files";
import type { CheckpointStorage } from "./storage.js";

/** Folders being written or removed; none of them is a checkpoint. */
const TEMPORARY = /^\..+\.tmp$/;

/**
 * Checkpoints in a folder on disk (Node, Bun, Deno). A checkpoint is written beside its place, brought to the disk, and
 * put in place by one renaming, so a process may be killed at any moment. Only one run may use the folder.
 */
export function folderCheckpoints(folder: string): CheckpointStorage {
  const open = async () => {
    const [fs, path] = await Promise.all([import("node:fs/promises"), import("node:path")]);
    return { fs, path, root: path.resolve(folder) };
  };
  return {
    location: folder,
    async list() {
      const { fs, root } = await open();
      const entries = await fs.readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      });
      return entries.filter((entry) => entry.isDirectory() && !TEMPORARY.test(entry.name)).map(({ name }) => name);
    },
    async write(name, files) {
      const { fs, path, root } = await open();
      await fs.mkdir(root, { recursive: true });
      await removeLeftovers(root);
      const temporary = path.join(root, `.${name}.tmp`);
      try {
        // Brings every file and the folder to the disk.
        await writeFiles(temporary, files);
      } catch (error) {
        await fs.rm(temporary, { recursive: true, force: true });
        throw error;
      }
      await fs.rename(temporary, path.join(root, name));
      await syncFolder(root);
    },
    async read(name) {
      const { path, root } = await open();
      return openFiles(path.join(root, name));
    },
    async remove(name) {
      const { fs, path, root } = await open();
      // A checkpoint that is only half removed must not be taken for one.
      const away = path.join(root, `.${name}.removed.tmp`);
      await fs.rm(away, { recursive: true, force: true });
      await fs.rename(path.join(root, name), away);
      await fs.rm(away, { recursive: true, force: true });
    },
  };
}

/** What a process that was killed has left behind. */
async function removeLeftovers(root: string): Promise<void> {
  const [fs, path] = await Promise.all([import("node:fs/promises"), import("node:path")]);
  for (const entry of await fs.readdir(root, { withFileTypes: true })) {
    if (entry.isDirectory() && TEMPORARY.test(entry.name)) {
      await fs.rm(path.join(root, entry.name), { recursive: true, force: true });
    }
  }
}

/** A renaming is only safe once its folder is on disk; not every system can open a folder. */
async function syncFolder(root: string): Promise<void> {
  const fs = await import("node:fs/promises");
  const handle = await fs.open(root, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
