import { isFileName } from "./names.js";

/*
 * Several files take their places by one rename each. So that a kill between two of them leaves no mixture, what is to be
 * renamed is written down first: whoever opens the folder then reads the files that are still to be renamed where they
 * are, and whoever writes there next renames them.
 */

const JOURNAL = ".convbert-save.json";
const MAX_JOURNAL = 1 << 20;
/** Name of a temporary file: hidden, that of the file it becomes, an id. */
export const TEMPORARY = /^\.(.+)\.[0-9a-f-]{36}\.tmp$/;

/** Names inside the folder: of the temporary file, and the one it is to get. */
export type Rename = readonly [temporary: string, final: string];

/** Writes down what will be renamed. */
export async function writeJournal(root: string, renames: readonly Rename[]): Promise<void> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const { randomUUID } = await import("node:crypto");
  const temporary = path.join(root, `.${JOURNAL}.${randomUUID()}.tmp`);
  const handle = await fs.open(temporary, "wx");
  try {
    await handle.writeFile(JSON.stringify(renames));
    await handle.sync();
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await fs.rename(temporary, path.join(root, JOURNAL));
}

/** Takes the note away, once all is renamed. */
export async function removeJournal(root: string): Promise<void> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  await fs.rm(path.join(root, JOURNAL), { force: true });
}

/** What a save that was killed has still to rename: the temporary file by the name that it is to get. */
export async function unfinishedSave(root: string): Promise<ReadonlyMap<string, string>> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const file = path.join(root, JOURNAL);
  const left = new Map<string, string>();
  const stats = await fs.lstat(file).catch(() => undefined);
  if (!stats?.isFile() || stats.size > MAX_JOURNAL) return left;
  let noted: unknown;
  try {
    noted = JSON.parse(await fs.readFile(file, "utf8"));
  } catch {
    return left;
  }
  for (const rename of Array.isArray(noted) ? noted : []) {
    const [temporary, final] = Array.isArray(rename) ? (rename as unknown[]) : [];
    if (typeof temporary !== "string" || typeof final !== "string" || !isFileName(final)) continue;
    const folder = path.posix.dirname(final);
    const expected = TEMPORARY.exec(path.posix.basename(temporary))?.[1] === path.posix.basename(final);
    if (!expected || path.posix.dirname(temporary) !== folder || !isFileName(temporary)) continue;
    const there = await fs.lstat(path.join(root, temporary)).catch(() => undefined);
    if (there?.isFile()) left.set(final, temporary);
  }
  return left;
}

/** Ends a save that was killed while it renamed. */
export async function finishSave(root: string): Promise<void> {
  const path = await import("node:path");
  for (const [final, temporary] of await unfinishedSave(root)) {
    await renameOnce(path.join(root, temporary), path.join(root, final));
  }
  await removeJournal(root);
}

/** Gives a file its place, unless another that opened the folder for writing has done so already. */
export async function renameOnce(temporary: string, final: string): Promise<void> {
  const fs = await import("node:fs/promises");
  try {
    await fs.rename(temporary, final);
  } catch (error) {
    const done = (error as NodeJS.ErrnoException).code === "ENOENT" && (await fs.stat(final).catch(() => undefined));
    if (!done) throw error;
  }
}
