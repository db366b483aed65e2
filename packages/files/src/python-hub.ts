import { folderFileSet, openDiskFile } from "./folder.js";
import { pythonHubCache } from "./python-home.js";
import type { StoredFile } from "./store.js";

/*
 * The cache of Python's huggingface_hub, which is only read:
 *   models--org--name/refs/<branch, tag or refs/pr/N>     the commit it was at, last time Python looked;
 *   models--org--name/snapshots/<commit>/<file>           links to the files' contents, in ../../blobs;
 *   models--org--name/.no_exist/<commit>/<file>           empty: the commit has no such file.
 */

const COMMIT = /^[0-9a-f]{40}$/;

/** One model in that cache. */
export interface PythonHubModel {
  /** The commit that a branch or tag was at; undefined when it is not known. */
  commitOf(revision: string): Promise<string | undefined>;
  /** A file of a commit; null when it is known that there is none. */
  find(commit: string, name: string): Promise<StoredFile | null | undefined>;
  /** Names of the files of a commit that are there. */
  names(commit: string): Promise<string[]>;
}

/** Looks a model up; undefined when it is not there. */
export async function pythonHubModel(id: string): Promise<PythonHubModel | undefined> {
  // "--" stands for "/" there, and the hub gives no name that has it.
  if (id.includes("--")) return undefined;
  const cache = await pythonHubCache();
  if (cache === undefined) return undefined;
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const real = (file: string) => fs.realpath(file).catch(() => undefined);
  const root = await real(cache);
  if (root === undefined) return undefined;

  /** Where a path ends after all links; undefined when that is outside the cache. */
  const inside = async (file: string): Promise<string | undefined> => {
    const target = await real(file);
    return target?.startsWith(root.endsWith(path.sep) ? root : root + path.sep) ? target : undefined;
  };
  const folder = await inside(path.join(root, `models--${id.replace("/", "--")}`));
  if (folder === undefined) return undefined;
  const snapshot = (commit: string) => path.join(folder, "snapshots", commit);

  const find = async (commit: string, name: string): Promise<StoredFile | null | undefined> => {
    const file = await inside(path.join(snapshot(commit), ...name.split("/")));
    const stats = file === undefined ? undefined : await fs.stat(file).catch(() => undefined);
    if (file !== undefined && stats?.isFile()) {
      const info = { url: `models--${id.replace("/", "--")}/snapshots/${commit}/${name}`, size: stats.size };
      return { info, size: stats.size, open: (shown) => openDiskFile(file, shown) };
    }
    const absent = await inside(path.join(folder, ".no_exist", commit, ...name.split("/")));
    return absent === undefined ? undefined : null;
  };

  return {
    async commitOf(revision) {
      if (COMMIT.test(revision)) return revision;
      const file = await inside(path.join(folder, "refs", ...revision.split("/")));
      if (file === undefined) return undefined;
      try {
        const handle = await openDiskFile(file, revision);
        try {
          const bytes = new Uint8Array(Math.min(handle.size, 64));
          await handle.read(0, bytes);
          const commit = new TextDecoder().decode(bytes).trim();
          return COMMIT.test(commit) ? commit : undefined;
        } finally {
          await handle.close();
        }
      } catch {
        return undefined;
      }
    },
    find,
    async names(commit) {
      const names = (await (await folderFileSet(snapshot(commit))).list?.().catch(() => [])) ?? [];
      const found = await Promise.all(names.map(async (name) => ((await find(commit, name)) ? [name] : [])));
      return found.flat();
    },
  };
}
