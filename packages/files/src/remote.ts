import { bodyPieces } from "./body.js";
import { download, isCurrent } from "./download.js";
import { FilesError } from "./errors.js";
import { discard, type HttpClient, type Subject, statusError } from "./http.js";
import { checkFileName } from "./names.js";
import type { FileInfo, FileStore, StoredFile } from "./store.js";
import type { FileSet, OpenFilesOptions, RandomAccessFile } from "./types.js";
import { isCalledPage, mayBePage, PAGE_HEAD, startsAsPage } from "./web-page.js";
import { tooLarge, wholeFiles } from "./whole.js";

/** Longest file, unless the options say otherwise: above the largest that the hub takes. */
const MAX_FILE = 64 * 2 ** 30;

/** One fixed version of a remote folder. */
export interface RemoteVersion {
  urlOf(name: string): string;
  /** Where the file is kept in the store. */
  keyOf(name: string): string;
  /** Folder of all keys in the store. */
  readonly prefix: string;
  /** Whether its files can never change. */
  readonly immutable: boolean;
  /** Commit or branch, where there are such. */
  readonly revision?: string;
}

/** What a list of files tells. */
export type ListedFile = Partial<Pick<FileInfo, "size" | "sha256">>;

export interface RemoteSource {
  /** For messages. */
  readonly location: string;
  readonly client: HttpClient;
  readonly store: FileStore;
  readonly offline: boolean;
  readonly options: OpenFilesOptions;
  /** Finds out which version is meant. */
  version(): Promise<RemoteVersion>;
  /**
   * Looks into a folder beside the store that has files of that version, and is only read: null when it knows that the
   * version has no such file, undefined when it does not know.
   */
  elsewhere?(version: RemoteVersion, name: string): Promise<StoredFile | null | undefined>;
  /** Names that folder has. */
  namesElsewhere?(version: RemoteVersion): Promise<string[]>;
  /** Names of all files, where the server can list them. */
  list?(version: RemoteVersion): Promise<string[]>;
  /**
   * What the server's list says about a file, for pages, from which headers are hidden: null when it is not there,
   * undefined when there is no list.
   */
  lookUp?(version: RemoteVersion, name: string): Promise<ListedFile | null | undefined>;
}

/** Files of a remote folder, each downloaded into the store when it is first asked for. */
export function remoteFileSet(source: RemoteSource): FileSet {
  const { location, client, store, offline, options } = source;
  const { signal, onProgress } = options;
  /** What this set has seen already: a set is one look at the remote folder, and does not change under its user. */
  const present = new Map<string, Promise<boolean>>();
  const fetched = new Map<string, Promise<StoredFile>>();
  let version: Promise<RemoteVersion> | undefined;
  const resolve = () => remember(() => source.version());
  const remember = (work: () => Promise<RemoteVersion>): Promise<RemoteVersion> => {
    version ??= work().catch((error) => {
      version = undefined;
      throw error;
    });
    return version;
  };
  const once = <T>(map: Map<string, Promise<T>>, name: string, work: () => Promise<T>): Promise<T> => {
    let promise = map.get(name);
    if (!promise) {
      promise = work().catch((error) => {
        map.delete(name);
        throw error;
      });
      map.set(name, promise);
    }
    return promise;
  };

  const cached = (file: StoredFile, name: string): StoredFile => {
    onProgress?.({ file: name, status: "cached", loaded: file.size, total: file.size });
    return file;
  };

  const find = async (current: RemoteVersion, name: string): Promise<StoredFile | null | undefined> =>
    (await store.find(current.keyOf(name))) ?? source.elsewhere?.(current, name);

  const obtain = async (name: string, maxBytes: number): Promise<StoredFile> => {
    const subject: Subject = { location, file: name };
    const { urlOf, keyOf, immutable } = await resolve();
    const found = await find(await resolve(), name);
    if (found === null) throw new FilesError("not-found", `${location} has no file ${name}`, subject);
    if (found && (immutable || offline)) return cached(found, name);
    if (offline) throw offlineError(subject);
    const url = urlOf(name);
    try {
      const expected = (await source.lookUp?.(await resolve(), name)) ?? undefined;
      const key = keyOf(name);
      const request = { url, key, subject, immutable, maxBytes, signal, onProgress, current: found, expected };
      const file = await download(client, store, request);
      return file === found ? cached(file, name) : file;
    } catch (error) {
      if (!found || !(error instanceof FilesError)) throw error;
      // The network is gone, but there is a copy: better an old one than none.
      if (error.code === "network") return cached(found, name);
      // A cache that cannot be written still serves what is up to date.
      if (error.code === "io" && (await isCurrent(client, url, found, subject, signal))) return cached(found, name);
      throw error;
    }
  };

  const probe = async (name: string): Promise<boolean> => {
    const { urlOf, immutable } = await resolve();
    const found = await find(await resolve(), name);
    if (found === null) return false;
    if (found && (immutable || offline)) return true;
    if (offline) return false;
    const listed = await source.lookUp?.(await resolve(), name);
    if (listed !== undefined) return listed !== null;
    try {
      return await exists(client, urlOf(name), { location, file: name }, signal);
    } catch (error) {
      if (found && error instanceof FilesError && error.code === "network") return true;
      throw error;
    }
  };

  const openUpTo = async (name: string, maxBytes: number): Promise<RandomAccessFile> => {
    checkFileName(name, location);
    signal?.throwIfAborted();
    const limit = Math.min(maxBytes, options.maxFileSize ?? MAX_FILE);
    const file = await once(fetched, name, () => obtain(name, limit));
    if (file.size > limit) throw tooLarge(location, name, limit, file.size);
    return file.open(name);
  };

  return {
    location,
    async has(name) {
      checkFileName(name, location);
      signal?.throwIfAborted();
      const known = await fetched.get(name)?.then(
        () => true,
        () => false,
      );
      return known || once(present, name, () => probe(name));
    },
    ...(source.list && {
      async list() {
        const current = await resolve();
        if (!offline) return source.list!(current);
        const own = await store.names(current.prefix);
        return [...new Set([...own, ...((await source.namesElsewhere?.(current)) ?? [])])].sort();
      },
    }),
    open: (name) => openUpTo(name, Number.POSITIVE_INFINITY),
    ...wholeFiles(location, openUpTo),
    async close() {},
  };
}

export function offlineError(subject: Subject): FilesError {
  const message =
    `${subject.location}: ${subject.file} is not in the cache, and the network must not be used (offline). ` +
    "Load the model once while online, or give a local folder";
  return new FilesError("offline", message, subject);
}

/** Asks the server whether a file is there. */
async function exists(client: HttpClient, url: string, subject: Subject, signal?: AbortSignal): Promise<boolean> {
  let answer = await client.request(url, subject, { method: "HEAD", signal, stayHere: true });
  const redirected = answer.response.status >= 300 && answer.response.status < 400;
  // The hub vouches for what it redirects to; anyone else may send us to a page that says "not here".
  if (redirected && answer.header("x-repo-commit")) return true;
  const silent = answer.response.status === 405 || answer.response.status === 501;
  const page = answer.response.ok && isCalledPage(answer.response) && !mayBePage(subject.file);
  if (redirected || silent || page) {
    // No answer to HEAD, or one that may be a page for any address: begin a download and drop it.
    const headers = { range: `bytes=0-${PAGE_HEAD - 1}` };
    answer = await client.request(url, subject, { headers, signal });
  }
  const { status, ok } = answer.response;
  if (ok && isCalledPage(answer.response) && !mayBePage(subject.file)) {
    return !startsAsPage(await readHead(answer.response, client.timeout, signal), true);
  }
  await discard(answer.response);
  if (ok || status === 416) return true;
  if (status === 404 || status === 410) {
    const code = answer.header("x-error-code");
    if (code === "RevisionNotFound" || code === "RepoNotFound") throw statusError(answer, url, subject);
    return false;
  }
  throw statusError(answer, url, subject);
}

/** The first bytes of a body, as far as they came. */
async function readHead(response: Response, timeout: number, signal?: AbortSignal): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  try {
    for await (const piece of bodyPieces(response, timeout, signal)) {
      head = Uint8Array.from([...head, ...piece.subarray(0, PAGE_HEAD - head.length)]);
      if (head.length === PAGE_HEAD) break;
    }
  } catch {
    signal?.throwIfAborted();
  }
  return head;
}
