import { FilesError } from "./errors.js";
import { finishSave, removeJournal, renameOnce, TEMPORARY, writeJournal } from "./save-journal.js";
import type { Sink } from "./sink.js";

/** Temporary files older than this were left behind by a process that was killed. */
const ABANDONED_AFTER = 3_600_000;

/** Writes into a folder on disk, which is made where it is missing. */
export async function writeToDisk(folder: string): Promise<Sink> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const { randomUUID } = await import("node:crypto");
  const root = path.resolve(folder);
  const guarded = async <T>(file: string | undefined, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      // Errors of whoever gives the contents pass as they are.
      if (typeof code !== "string" || (cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
      const what =
        code === "EEXIST" || code === "ENOTDIR" ? `${folder} is a file, not a folder` : (cause as Error).message;
      const fields = { location: folder, cause, ...(file === undefined ? {} : { file }) };
      throw new FilesError("io", `cannot write ${file ?? "files"} to ${folder}: ${what}`, fields);
    }
  };
  /** Folders that were made for this save, each after the one it is in. */
  const made: string[] = [];
  const makeFolder = async (target: string): Promise<void> => {
    const first = await fs.mkdir(target, { recursive: true });
    if (first === undefined) return;
    const chain = [target];
    while (chain[0] !== first && chain[0]!.startsWith(first)) chain.unshift(path.dirname(chain[0]!));
    made.push(...chain);
  };
  await guarded(undefined, () => makeFolder(root));
  await guarded(undefined, () => finishSave(root));
  const pending: { readonly temporary: string; readonly final: string }[] = [];
  const nameOf = (file: string) => path.relative(root, file).split(path.sep).join("/");

  return {
    write: (name, contents) =>
      guarded(name, async () => {
        const final = path.join(root, ...name.split("/"));
        const parent = path.dirname(final);
        await makeFolder(parent);
        const temporary = path.join(parent, `.${path.basename(final)}.${randomUUID()}.tmp`);
        pending.push({ temporary, final });
        const handle = await fs.open(temporary, "wx");
        try {
          for await (const piece of contents) {
            for (let done = 0; done < piece.length; ) {
              done += (await handle.write(piece, done, piece.length - done)).bytesWritten;
            }
          }
          await handle.sync();
        } finally {
          await handle.close();
        }
      }),
    commit: (isStale) =>
      guarded(undefined, async () => {
        const parents = new Set([root]);
        for (const { final } of pending) {
          const stats = await fs.lstat(final).catch(() => undefined);
          if (stats?.isDirectory())
            throw new FilesError("io", `cannot write ${final}: it is a folder`, { location: folder });
          parents.add(path.dirname(final));
        }
        const several = pending.length > 1;
        if (several) {
          await writeJournal(
            root,
            pending.map(({ temporary, final }) => [nameOf(temporary), nameOf(final)]),
          );
        }
        for (const { temporary, final } of pending.splice(0)) await renameOnce(temporary, final);
        if (several) await removeJournal(root);
        for (const entry of await fs.readdir(root, { withFileTypes: true })) {
          if (!entry.isFile()) continue;
          const file = path.join(root, entry.name);
          if (isStale(entry.name)) await fs.rm(file, { force: true });
          else if (TEMPORARY.test(entry.name)) {
            const stats = await fs.stat(file).catch(() => undefined);
            if (stats && Date.now() - stats.mtimeMs > ABANDONED_AFTER) await fs.rm(file, { force: true });
          }
        }
        // The renames themselves are only safe once the folder is on disk; not every system can open a folder.
        for (const parent of parents) {
          const handle = await fs.open(parent, "r").catch(() => undefined);
          await handle?.sync().catch(() => undefined);
          await handle?.close();
        }
      }),
    async discard() {
      for (const { temporary } of pending) await fs.rm(temporary, { force: true });
      // The folders go, too, unless another has put something there.
      for (const folder of made.reverse()) await fs.rmdir(folder).catch(() => undefined);
    },
  };
}
