import type { FileHandle } from "node:fs/promises";
import { FilesError } from "./errors.js";
import { openDiskFile } from "./folder.js";
import { takeLock } from "./lock.js";
import { createSha256 } from "./sha256.js";
import type { FileInfo, FileStore, PartialFile, StoredFile } from "./store.js";

/*
 * A cache folder that several processes share. For a key `a/b` it has
 *   a/b               the complete file, which appears at once, by a rename;
 *   a/b@info          what is known about it (JSON);
 *   a/b@<id>.part     bytes of a download that is running or was interrupted; its @info has the same name;
 *   a/b@lock          held by the process that downloads.
 * "@" cannot come from a key: keys are encoded.
 */

interface SavedInfo extends FileInfo {
  readonly complete: number;
}

/** Keeps downloads under `root`, which is made when the first one begins. */
export async function diskStore(root: string): Promise<FileStore> {
  const fs = await import("node:fs/promises");
  const path = await import("node:path");
  const { randomUUID } = await import("node:crypto");
  const locate = (key: string) => path.join(root, ...key.split("/").map(encodeSegment));
  const readJson = async <T>(file: string): Promise<T | undefined> => {
    try {
      return JSON.parse(await fs.readFile(file, "utf8")) as T;
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
      fs.stat(file).catch(() => undefined),
      readJson<SavedInfo>(`${file}@info`),
    ]);
    // A file without its record, or of another length, was not finished by us: fetch it again.
    if (!stats?.isFile() || !info || info.complete !== stats.size) return undefined;
    return { info, size: stats.size, open: (name) => openDiskFile(file, name) };
  };

  const begin: FileStore["begin"] = async (key, accept, signal) => {
    const file = locate(key);
    await fs.mkdir(path.dirname(file), { recursive: true });
    const fitting = async () => {
      const found = await find(key);
      return found && accept(found.info) ? found : undefined;
    };
    const unlock = await takeLock(`${file}@lock`, async () => (await fitting()) !== undefined, signal);
    const found = await fitting();
    if (!unlock || found) {
      await unlock?.();
      return found ?? begin(key, accept, signal);
    }
    try {
      return await openPartial(key, file, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  };

  const openPartial = async (key: string, file: string, unlock: () => Promise<void>): Promise<PartialFile> => {
    const part = `${file}@${randomUUID()}.part`;
    let info = await adoptPartial(file, part);
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
          await handle!.truncate(0);
          loaded = 0;
          info = fresh;
          await fs.writeFile(`${part}@info`, JSON.stringify(fresh));
        }),
      append: (chunk) =>
        guarded(async () => {
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
          await handle!.sync();
          await close();
          // An older file goes first, then comes the record: a file without its own record never counts.
          await fs.rm(file, { force: true });
          const record = `${part}@info`;
          await fs.writeFile(record, JSON.stringify({ ...final, complete: loaded } satisfies SavedInfo));
          await fs.rename(record, `${file}@info`);
          await fs.rename(part, file);
          await unlock();
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
        await unlock();
      },
    };
  };

  /**
   * Takes the largest interrupted download over, by a copy: its former owner may only be asleep, and must not write
   * into ours when it wakes. The others are removed.
   */
  const adoptPartial = async (file: string, part: string): Promise<FileInfo | undefined> => {
    const folder = path.dirname(file);
    const prefix = `${path.basename(file)}@`;
    const names = (await fs.readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith(".part"));
    let best: { readonly path: string; readonly size: number; readonly info: FileInfo } | undefined;
    for (const name of names) {
      const candidate = path.join(folder, name);
      const info = await readJson<FileInfo>(`${candidate}@info`);
      const size = (await fs.stat(candidate).catch(() => undefined))?.size ?? 0;
      if (info && typeof info.url === "string" && size > (best?.size ?? 0)) best = { path: candidate, size, info };
    }
    if (best) {
      const { constants } = await import("node:fs");
      await fs.copyFile(best.path, part, constants.COPYFILE_FICLONE);
      await fs.writeFile(`${part}@info`, JSON.stringify(best.info));
    }
    for (const name of names) {
      await fs.rm(path.join(folder, name), { force: true });
      await fs.rm(path.join(folder, `${name}@info`), { force: true });
    }
    return best?.info;
  };

  return {
    find,
    begin: (key, accept, signal) => guarded(() => begin(key, accept, signal)),
    readNote: async (key) => (await fs.readFile(locate(key), "utf8").catch(() => undefined))?.trim() || undefined,
    writeNote: (key, text) =>
      guarded(async () => {
        const file = locate(key);
        const temporary = `${file}@${randomUUID()}`;
        await fs.mkdir(path.dirname(file), { recursive: true });
        await fs.writeFile(temporary, text);
        await fs.rename(temporary, file);
      }),
    async names(prefix) {
      const base = locate(prefix);
      const entries = await fs.readdir(base, { recursive: true }).catch(() => []);
      const names = entries.map((entry) => entry.split(path.sep).join("/"));
      const complete = names.filter((name) => !name.includes("@") && names.includes(`${name}@info`));
      return complete.map((name) => name.split("/").map(decodeURIComponent).join("/")).sort();
    },
  };
}

/** One folder or file name of a key, safe on every file system; letters, digits and `._-` stay readable. */
function encodeSegment(segment: string): string {
  const encoded = segment.replace(/[^\p{L}\p{N}._-]/gu, (char) => encodeURIComponent(char).replace(/[!'()*]/g, hex));
  return /^\.+$/.test(encoded) ? encoded.replaceAll(".", "%2E") : encoded;
}

function hex(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
