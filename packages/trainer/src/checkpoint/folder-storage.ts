import { openFiles, writeFiles } from "@convbert/files";
import { sortedCheckpoints } from "./names.js";
import type { CheckpointStorage } from "./storage.js";

/** Checkpoints being written or removed. */
const TEMPORARY = /^\.step-[\d.]+(?:\.removed)?\.tmp$/;

/**
 * Checkpoints in a folder on disk (Node, Bun, Deno). A checkpoint is written beside its place, brought to the disk, and
 * put in place by one renaming, so a process may be killed at any moment. Only one run may use the folder; whatever else
 * lies there stays.
 */
export function folderCheckpoints(folder: string): CheckpointStorage & {
  /** Removes what a process that was killed has left of checkpoints. */
  removeLeftovers(): Promise<void>;
} {
  const open = async () => {
    const [fs, path] = await Promise.all([import("node:fs/promises"), import("node:path")]);
    return { fs, path, root: path.resolve(folder) };
  };
  return {
    location: folder,
    async list() {
      const { root } = await open();
      const folders = (await entriesOf(root)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
      return sortedCheckpoints(folders);
    },
    async write(name, files) {
      const { fs, path, root } = await open();
      await fs.mkdir(root, { recursive: true });
      await this.removeLeftovers();
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
    async removeLeftovers() {
      const { fs, path, root } = await open();
      for (const entry of await entriesOf(root)) {
        if (entry.isDirectory() && TEMPORARY.test(entry.name)) {
          await fs.rm(path.join(root, entry.name), { recursive: true, force: true });
        }
      }
    },
  };
}

async function entriesOf(root: string) {
  const fs = await import("node:fs/promises");
  return fs.readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** A renaming is only safe once its folder is on disk; not every system can open a folder. */
async function syncFolder(root: string): Promise<void> {
  const fs = await import("node:fs/promises");
  const handle = await fs.open(root, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
