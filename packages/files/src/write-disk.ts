import { FilesError } from "./errors.js";
import type { Sink } from "./write.js";

/** Temporary files older than this were left behind by a process that was killed. */
const ABANDONED_AFTER = 3_600_000;
const TEMPORARY = /^\.(.+)\.[0-9a-f-]{36}\.tmp$/;

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
  await guarded(undefined, () => fs.mkdir(root, { recursive: true }));
  const pending: { readonly temporary: string; readonly final: string }[] = [];

  return {
    write: (name, contents) =>
      guarded(name, async () => {
        const final = path.join(root, ...name.split("/"));
        const parent = path.dirname(final);
        await fs.mkdir(parent, { recursive: true });
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
        while (pending.length > 0) {
          const { temporary, final } = pending[0]!;
          await fs.rename(temporary, final);
          pending.shift();
          parents.add(path.dirname(final));
        }
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
    },
  };
}
