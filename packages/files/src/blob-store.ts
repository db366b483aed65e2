import { blobFile } from "./memory.js";
import { Sha256 } from "./sha256.js";
import type { FileInfo, FileStore, PartialFile, StoredFile } from "./store.js";

/*
 * Downloads in a browser. A file is kept as parts of a few megabytes, so that an interrupted download can go on and no
 * part has to be in memory: a browser keeps the Blobs of cached responses on disk.
 */

/** Bytes a part. */
const PART_SIZE = 8 << 20;

interface Manifest extends FileInfo {
  /** The key it belongs to. */
  readonly key: string;
  readonly parts: number;
  /** Length of the whole file once it is complete. */
  readonly complete?: number;
}

/** The few things a store of parts has to do. Its keys are fit for the path of a URL. */
interface PartStore {
  /** Holds off other pages until the returned function is called. */
  lock?(key: string): Promise<() => void>;
  get(key: string): Promise<Blob | undefined>;
  put(key: string, blob: Blob): Promise<void>;
  remove(key: string): Promise<void>;
  keys(): Promise<string[]>;
}

/** A store in a browser's Cache; when the quota is used up, in memory from then on. */
export function cacheApiStore(storage: CacheStorage, name = "convbert-files-1"): FileStore {
  const fallback = memoryParts();
  // Keys of a Cache are URLs; this one is never fetched.
  const address = (key: string) => `https://cache.invalid/${key}`;
  return blobStore({
    lock: webLock,
    async get(key) {
      const kept = await fallback.get(key);
      if (kept) return kept;
      const response = await (await storage.open(name)).match(address(key));
      return response?.blob();
    },
    async put(key, blob) {
      try {
        await (await storage.open(name)).put(address(key), new Response(blob));
      } catch {
        await fallback.put(key, blob);
      }
    },
    async remove(key) {
      await fallback.remove(key);
      await (await storage.open(name)).delete(address(key));
    },
    async keys() {
      const requests = await (await storage.open(name)).keys();
      const stored = requests.map(({ url }) => url.slice("https://cache.invalid/".length));
      return [...stored, ...(await fallback.keys())];
    },
  });
}

/** A lock that other tabs and workers of the origin respect, where the browser has them. */
async function webLock(key: string): Promise<() => void> {
  const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
  if (!locks) return () => {};
  return new Promise((granted, failed) => {
    locks.request(`convbert:${key}`, () => new Promise<void>((release) => granted(release))).catch(failed);
  });
}

/** A store that lasts as long as it is held. */
export function memoryStore(): FileStore {
  return blobStore(memoryParts());
}

function memoryParts(): PartStore {
  const blobs = new Map<string, Blob>();
  return {
    get: async (key) => blobs.get(key),
    put: async (key, blob) => void blobs.set(key, blob),
    remove: async (key) => void blobs.delete(key),
    keys: async () => [...blobs.keys()],
  };
}

function blobStore(store: PartStore): FileStore {
  // What is encoded has no "@", so that no file can be called like the record or a part of another.
  const at = (key: string, suffix: string | number) => `${key.split("/").map(encodeURIComponent).join("/")}@${suffix}`;
  /** Downloads that run in this page, by key. */
  const running = new Map<string, Promise<void>>();
  const parseManifest = async (blob: Blob | undefined): Promise<Manifest | undefined> => {
    try {
      return blob && (JSON.parse(await blob.text()) as Manifest);
    } catch {
      return undefined;
    }
  };
  const readManifest = async (key: string): Promise<Manifest | undefined> => {
    const manifest = await parseManifest(await store.get(at(key, "info")));
    return manifest?.key === key ? manifest : undefined;
  };
  const writeManifest = (key: string, manifest: Omit<Manifest, "key">) =>
    store.put(at(key, "info"), new Blob([JSON.stringify({ ...manifest, key })]));
  const readParts = async (key: string, count: number): Promise<Blob[]> => {
    const parts: Blob[] = [];
    for (let i = 0; i < count; i++) {
      const part = await store.get(at(key, i));
      if (!part) break;
      parts.push(part);
    }
    return parts;
  };

  const find = async (key: string): Promise<StoredFile | undefined> => {
    const manifest = await readManifest(key);
    if (manifest?.complete === undefined) return undefined;
    const whole = new Blob(await readParts(key, manifest.parts));
    // A browser may drop parts under pressure.
    if (whole.size !== manifest.complete) return undefined;
    return { info: manifest, size: whole.size, open: async (name) => blobFile(name, whole) };
  };

  const openPartial = async (key: string, unlock: () => void): Promise<PartialFile> => {
    const manifest = await readManifest(key);
    const resumable = manifest?.complete === undefined ? manifest : undefined;
    const parts = resumable ? await readParts(key, resumable.parts) : [];
    let info: FileInfo | undefined = parts.length > 0 ? resumable : undefined;
    let loaded = parts.reduce((sum, part) => sum + part.size, 0);
    let pending: BlobPart[] = [];
    let pendingSize = 0;
    // Every part but the last is full, so that whoever downloads the same file makes the same parts.
    const last = parts.at(-1);
    if (last && last.size < PART_SIZE) {
      parts.pop();
      pending.push(last);
      pendingSize = last.size;
    }
    const flush = async () => {
      if (pendingSize === 0 || !info) return;
      const blob = new Blob(pending);
      pending = [];
      pendingSize = 0;
      await store.put(at(key, parts.length), blob);
      parts.push((await store.get(at(key, parts.length))) ?? blob);
      await writeManifest(key, { ...info, parts: parts.length });
    };
    return {
      get info() {
        return info;
      },
      get loaded() {
        return loaded;
      },
      async restart(fresh) {
        for (let i = 0; i < parts.length; i++) await store.remove(at(key, i));
        parts.length = 0;
        pending = [];
        pendingSize = 0;
        loaded = 0;
        info = fresh;
        await writeManifest(key, { ...fresh, parts: 0 });
      },
      async append(chunk) {
        loaded += chunk.length;
        for (let at = 0; at < chunk.length; ) {
          const piece = chunk.subarray(at, at + PART_SIZE - pendingSize);
          pending.push(piece as Uint8Array<ArrayBuffer>);
          pendingSize += piece.length;
          at += piece.length;
          if (pendingSize === PART_SIZE) await flush();
        }
      },
      async sha256() {
        await flush();
        const hasher = new Sha256();
        for (const part of parts) hasher.update(new Uint8Array(await part.arrayBuffer()));
        return hasher.hex();
      },
      async complete(final) {
        info = final;
        await flush();
        await writeManifest(key, { ...final, parts: parts.length, complete: loaded });
        unlock();
        const whole = new Blob(parts);
        return { info: final, size: whole.size, open: async (name) => blobFile(name, whole) };
      },
      async release() {
        await flush();
        unlock();
      },
    };
  };

  return {
    find,
    async begin(key, accept, signal) {
      for (let other = running.get(key); other; other = running.get(key)) await other;
      let unlock = () => {};
      running.set(key, new Promise((resolve) => (unlock = resolve)));
      const unlockPage = await store.lock?.(key);
      const done = () => {
        running.delete(key);
        unlockPage?.();
        unlock();
      };
      try {
        signal?.throwIfAborted();
        const found = await find(key);
        if (found && accept(found.info)) {
          done();
          return found;
        }
        return await openPartial(key, done);
      } catch (error) {
        done();
        throw error;
      }
    },
    readNote: async (key) => (await store.get(at(key, "note")))?.text(),
    writeNote: (key, text) => store.put(at(key, "note"), new Blob([text])),
    async names(prefix) {
      const names: string[] = [];
      for (const entry of await store.keys()) {
        if (!entry.endsWith("@info")) continue;
        const manifest = await parseManifest(await store.get(entry));
        if (manifest?.complete === undefined || !manifest.key?.startsWith(`${prefix}/`)) continue;
        names.push(manifest.key.slice(prefix.length + 1));
      }
      return names.sort();
    },
  };
}
