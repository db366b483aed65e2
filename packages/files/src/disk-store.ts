import type { FileHandle } from "node:fs/promises";
import { diskPath } from "./disk-path.js";
import { FilesError } from "./errors.js";
import { openDiskFile } from "./folder.js";
import { type HeldLock, takeLock } from "./lock.js";
import { createSha256 } from "./sha256.js";
import { type FileInfo, type FileStore, type PartialFile, type StoredFile, Superseded } from "./store.js";

/*
 * A cache folder that several processes share. For a key `a/b` it has
 *   a/b@file          the complete file, which appears at once, by a rename;
 *   a/b@info          what is known about it (JSON), its key included;
 *   a/b@<id>.part     bytes of a download that is running or was interrupted; its @info has the same name;
 *   a/b@lock          held by the process that downloads;
 *   a/b@note          a short text.
 * "@" cannot come from a key: keys are encoded.
 */

interface SavedInfo extends FileInfo {
  readonly key: string;
  /** Length of the file; absent while it is not complete. */
  readonly complete?: number;
}

/** Keeps downloads under `root`, which is made when the first one begins. */
export async function diskStore(root: string): Promise<FileStore> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const { randomUUID } = await import("node:crypto");
  const locate = (key: string) => path.join(root, ...diskPath(key));
  /** A record, if it is one of that key: two keys never share a file, whatever the disk makes of their names. */
  const readInfo = async (file: string, key?: string): Promise<SavedInfo | undefined> => {
    try {
      const info = JSON.parse(await fs.readFile(file, "utf8")) as SavedInfo | null;
      const fits = typeof info?.url === "string" && typeof info.key === "string";
      return fits && (key === undefined || info.key === key) ? info : undefined;
    } catch {
      return undefined;
    }
  };
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code === undefined || cause instanceof FilesError || (cause as Error).name === "AbortError") throw cause;
      const message =
        `cannot use the cache folder ${root}: ${(cause as Error).message}. ` +
        "Give another one by `cacheDirectory` or the environment variable CONVBERT_CACHE";
      throw new FilesError("io", message, { location: root, cause });
    }
  };

  const find = async (key: string): Promise<StoredFile | undefined> => {
    const file = locate(key);
    const [stats, info] = await Promise.all([
      fs.stat(`${file}@file`).catch(() => undefined),
      readInfo(`${file}@info`, key),
    ]);
    // A file without its record, or of another length, was not finished by us: fetch it again.
    if (!stats?.isFile() || !info || info.complete !== stats.size) return undefined;
    return { info, size: stats.size, open: (name) => guarded(() => openDiskFile(`${file}@file`, name)) };
  };

  const begin: FileStore["begin"] = async (key, accept, signal) => {
    const file = locate(key);
    await fs.mkdir(path.dirname(file), { recursive: true });
    const fitting = async () => {
      const found = await find(key);
      return found && accept(found.info) ? found : undefined;
    };
    const lock = await takeLock(`${file}@lock`, async () => (await fitting()) !== undefined, signal);
    const found = await fitting();
    if (!lock || found) {
      await lock?.release();
      return found ?? begin(key, accept, signal);
    }
    try {
      return await openPartial(key, file, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  };

  const openPartial = async (key: string, file: string, lock: HeldLock): Promise<PartialFile> => {
    const part = `${file}@${randomUUID()}.part`;
    let info = await adoptPartial(key, file, part);
    let handle: FileHandle | undefined = await fs.open(part, info ? "r+" : "w+");
    let loaded = info ? (await handle.stat()).size : 0;
    if (loaded === 0) info = undefined;
    const close = async () => {
      await handle?.close();
      handle = undefined;
    };
    return {
      get info() {
        return info;
      },
      get loaded() {
        return loaded;
      },
      restart: (fresh) =>
        guarded(async () => {
          // A new file: an owner of old that wakes may still write into the one that was taken over from it.
          await close();
          await fs.rm(part, { force: true });
          handle = await fs.open(part, "w+");
          loaded = 0;
          info = fresh;
          await fs.writeFile(`${part}@info`, JSON.stringify({ ...fresh, key } satisfies SavedInfo));
        }),
      append: (chunk) =>
        guarded(async () => {
          if (!(await lock.wasJustHeld())) throw new Superseded();
          for (let done = 0; done < chunk.length; ) {
            const { bytesWritten } = await handle!.write(chunk, done, chunk.length - done, loaded + done);
            done += bytesWritten;
          }
          loaded += chunk.length;
        }),
      async sha256() {
        const hasher = await createSha256();
        const buffer = new Uint8Array(1 << 20);
        for (let at = 0; at < loaded; ) {
          const { bytesRead } = await handle!.read(buffer, 0, Math.min(buffer.length, loaded - at), at);
          if (bytesRead === 0) break;
          hasher.update(buffer.subarray(0, bytesRead));
          at += bytesRead;
        }
        return hasher.hex();
      },
      complete: (final) =>
        guarded(async () => {
          if (!(await lock.isHeld())) throw new Superseded();
          await handle!.truncate(loaded);
          await handle!.sync();
          await close();
          // An older file goes first, then comes the record: a file without its own record never counts.
          await fs.rm(`${file}@file`, { force: true });
          const record = `${part}@info`;
          await fs.writeFile(record, JSON.stringify({ ...final, key, complete: loaded } satisfies SavedInfo));
          await fs.rename(record, `${file}@info`);
          await fs.rename(part, `${file}@file`);
          await lock.release();
          const stored = await find(key);
          if (stored) return stored;
          throw new FilesError("io", `${file} vanished from the cache while it was written`, { location: root });
        }),
      async release() {
        await close();
        if (loaded === 0) {
          await fs.rm(part, { force: true });
          await fs.rm(`${part}@info`, { force: true });
        }
        await lock.release();
      },
    };
  };

  /**
   * Takes the largest interrupted download over, and removes the others. Its former owner may only be asleep, and may
   * write a last piece when it wakes: one of the same version to the same place, as nobody shortens a file in use.
   */
  const adoptPartial = async (key: string, file: string, part: string): Promise<FileInfo | undefined> => {
    const folder = path.dirname(file);
    const prefix = `${path.basename(file)}@`;
    const names = (await fs.readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith(".part"));
    let best: { readonly path: string; readonly size: number; readonly info: SavedInfo } | undefined;
    for (const name of names) {
      const candidate = path.join(folder, name);
      const info = await readInfo(`${candidate}@info`, key);
      const stats = await fs.lstat(candidate).catch(() => undefined);
      const size = stats?.isFile() ? stats.size : 0;
      if (info && size > (best?.size ?? 0)) best = { path: candidate, size, info };
    }
    if (best) {
      await fs.writeFile(`${part}@info`, JSON.stringify(best.info));
      await fs.rename(best.path, part);
    }
    for (const name of names) {
      await fs.rm(path.join(folder, name), { force: true, recursive: true });
      await fs.rm(path.join(folder, `${name}@info`), { force: true });
    }
    return best?.info;
  };

  return {
    find,
    begin: (key, accept, signal) => guarded(() => begin(key, accept, signal)),
    readNote: async (key) =>
      (await fs.readFile(`${locate(key)}@note`, "utf8").catch(() => undefined))?.trim() || undefined,
    writeNote: (key, text) =>
      guarded(async () => {
        const file = `${locate(key)}@note`;
        const temporary = `${file}@${randomUUID()}`;
        await fs.mkdir(path.dirname(file), { recursive: true });
        await fs.writeFile(temporary, text);
        await fs.rename(temporary, file);
      }),
    async names(prefix) {
      const base = locate(prefix);
      const entries = await fs.readdir(base, { recursive: true }).catch(() => []);
      const names: string[] = [];
      for (const entry of entries) {
        if (!entry.endsWith("@info") || entry.endsWith(".part@info")) continue;
        const key = (await readInfo(path.join(base, entry)))?.key;
        if (key?.startsWith(`${prefix}/`) && (await find(key))) names.push(key.slice(prefix.length + 1));
      }
      return names.sort();
    },
  };
}
