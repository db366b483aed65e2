import { bodyPieces } from "./body.js";
import { FilesError } from "./errors.js";
import { discard, type HttpClient, type HttpReply, type Subject, statusError } from "./http.js";
import { type FileInfo, type FileStore, isStored, type PartialFile, type StoredFile, Superseded } from "./store.js";
import type { Progress } from "./types.js";
import { isCalledPage, mayBePage, PAGE_HEAD, pageInstead, startsAsPage } from "./web-page.js";
import { tooLarge } from "./whole.js";

export interface DownloadRequest {
  readonly url: string;
  /** Where the file goes in the store. */
  readonly key: string;
  readonly subject: Subject;
  /** Whether the address always means the same bytes, as a commit's does: then it can be resumed without a validator. */
  readonly immutable: boolean;
  /** Bytes that the file may have. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** A copy that the server may confirm instead of sending it again. */
  readonly current?: StoredFile | undefined;
  /** Facts from elsewhere, for a server that hides its headers. */
  readonly expected?: Partial<Pick<FileInfo, "size" | "sha256">> | undefined;
}

const PROGRESS_INTERVAL = 50;

/**
 * Downloads a file into the store: goes on where an earlier attempt stopped, tries again when the connection breaks,
 * and checks length and SHA-256 where the server tells them.
 * @throws FilesError: "not-found", "unauthorized", "network" after all retries, "corrupt" when the bytes stay wrong.
 */
export async function download(client: HttpClient, store: FileStore, request: DownloadRequest): Promise<StoredFile> {
  const { current } = request;
  // A file that appeared while we waited is as good as one we fetch; the copy that has to be confirmed is not.
  const accept = (info: FileInfo) => request.immutable || current === undefined || !sameVersion(info, current.info);
  const begun = await store.begin(request.key, accept, request.signal);
  if (isStored(begun)) return begun;
  const partial = begun;
  try {
    const info = await transfer(client, partial, request);
    if (info === "current") {
      await partial.release();
      return current!;
    }
    return await partial.complete(info);
  } catch (error) {
    await partial.release().catch(() => undefined);
    // Silent for a minute, as on a machine that slept: another took the download over. Wait for it, or go on after it.
    if (error instanceof Superseded) return download(client, store, request);
    throw error;
  }
}

/**
 * Asks whether a copy is still what the server has, without a store to put a newer one.
 * @returns false also when the server does not tell.
 */
export async function isCurrent(
  client: HttpClient,
  url: string,
  copy: StoredFile,
  subject: Subject,
  signal?: AbortSignal,
): Promise<boolean> {
  const { response } = await client.request(url, subject, { headers: conditions(copy.info), signal });
  await discard(response);
  const { etag } = copy.info;
  return response.status === 304 || (response.ok && etag !== undefined && response.headers.get("etag") === etag);
}

function conditions({ etag, lastModified }: FileInfo): Record<string, string> {
  if (etag) return { "if-none-match": etag };
  return lastModified ? { "if-modified-since": lastModified } : {};
}

function sameVersion(a: FileInfo, b: FileInfo): boolean {
  return a.etag === b.etag && a.lastModified === b.lastModified && a.size === b.size;
}

/** Repeats exchanges until the file is complete and checked. */
async function transfer(
  client: HttpClient,
  partial: PartialFile,
  request: DownloadRequest,
): Promise<FileInfo | "current"> {
  let attempts = 0;
  let restarts = 0;
  let farthest = partial.loaded;
  for (;;) {
    request.signal?.throwIfAborted();
    let problem: FilesError;
    try {
      const info = await exchange(client, partial, request);
      if (info === "current") return info;
      const wrong = await check(partial, info, request.subject);
      if (!wrong) {
        report(request, "done", partial.loaded, partial.loaded);
        return info;
      }
      // Wrong bytes: once more from the start, then give up.
      await partial.restart(info);
      if (restarts++ >= 1) throw wrong;
      continue;
    } catch (error) {
      request.signal?.throwIfAborted();
      if (!(error instanceof BrokenTransfer)) throw error;
      problem = error.problem;
    }
    attempts = partial.loaded > farthest ? 1 : attempts + 1;
    farthest = Math.max(farthest, partial.loaded);
    if (attempts > client.retries) throw problem;
    await client.pause(attempts - 1, request.signal);
  }
}

/** The connection broke in the middle; what arrived is kept. */
class BrokenTransfer extends Error {
  readonly problem: FilesError;

  constructor(problem: FilesError) {
    super(problem.message);
    this.problem = problem;
  }
}

/** One request and its body. */
async function exchange(
  client: HttpClient,
  partial: PartialFile,
  request: DownloadRequest,
): Promise<FileInfo | "current"> {
  const { url, subject, signal } = request;
  const held = partial.info;
  const validator = held?.etag && !held.etag.startsWith("W/") ? held.etag : held?.lastModified;
  const resumes = partial.loaded > 0 && held?.url === url && (validator !== undefined || request.immutable);
  if (resumes && request.immutable && held.size === partial.loaded) return held;

  let headers: Record<string, string> = {};
  if (resumes) {
    headers["range"] = `bytes=${partial.loaded}-`;
    if (validator !== undefined && !request.immutable) headers["if-range"] = validator;
  } else if (request.current) headers = conditions(request.current.info);
  const reply = await client.request(url, subject, { headers, signal });
  const { response } = reply;
  if (response.status === 304 && request.current) return "current";
  if (response.status === 416 && resumes) {
    await discard(response);
    const whole = /^bytes \*\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (Number(whole) === partial.loaded && !hasChanged(held, describe(reply, url))) return held;
    // What is held is longer than the file is now.
    await partial.restart({ url });
    return exchange(client, partial, request);
  }
  if (!response.ok) {
    await discard(response);
    throw statusError(reply, url, subject);
  }

  const fresh: FileInfo = { ...describe(reply, url), ...request.expected };
  let info = fresh;
  if (response.status === 206) {
    const range = contentRange(response);
    const total = range?.total ?? held?.size;
    const fits = resumes && range?.start === partial.loaded && (held.size === undefined || total === held.size);
    if (!fits || hasChanged(held, fresh)) {
      await discard(response);
      await partial.restart({ url });
      throw new BrokenTransfer(broken(subject, "the server sent a part of another file than the one that was begun"));
    }
    const sha256 = held.sha256 ?? fresh.sha256;
    info = { ...held, ...(total === undefined ? {} : { size: total }), ...(sha256 === undefined ? {} : { sha256 }) };
  } else await partial.restart(fresh);
  await receive(client, response, partial, info, request);
  return info;
}

/** Whether what the server tells now belongs to another version than what is held. */
function hasChanged(held: FileInfo, fresh: FileInfo): boolean {
  const differ = <T>(a: T | undefined, b: T | undefined) => a !== undefined && b !== undefined && a !== b;
  // Servers of one storage may tag the same bytes differently; a checksum decides where there is one.
  if (held.sha256 !== undefined && fresh.sha256 !== undefined) return held.sha256 !== fresh.sha256;
  return differ(held.etag, fresh.etag) || differ(held.lastModified, fresh.lastModified);
}

async function receive(
  client: HttpClient,
  response: Response,
  partial: PartialFile,
  info: FileInfo,
  request: DownloadRequest,
): Promise<void> {
  const { subject, signal, maxBytes } = request;
  const refuse = async (error: Error): Promise<never> => {
    await partial.restart({ url: request.url });
    throw error;
  };
  if (info.size !== undefined && info.size > maxBytes) {
    await discard(response);
    await refuse(tooLarge(subject.location, subject.file, maxBytes, info.size));
  }
  // The first bytes tell a page that stands for a missing file.
  let head = partial.loaded === 0 && !mayBePage(subject.file) ? new Uint8Array(0) : undefined;
  report(request, "download", partial.loaded, info.size);
  let reported = Date.now();
  try {
    for await (const piece of bodyPieces(response, client.timeout, signal)) {
      if (info.size !== undefined && partial.loaded + piece.length > info.size) {
        await refuse(
          new BrokenTransfer(broken(subject, `the server sent more than the ${info.size} bytes it announced`)),
        );
      }
      if (partial.loaded + piece.length > maxBytes) await refuse(tooLarge(subject.location, subject.file, maxBytes));
      await partial.append(piece);
      if (head) {
        head = Uint8Array.from([...head, ...piece.subarray(0, PAGE_HEAD - head.length)]);
        if (startsAsPage(head, isCalledPage(response))) await refuse(pageInstead(subject));
        if (head.length === PAGE_HEAD) head = undefined;
      }
      if (Date.now() - reported >= PROGRESS_INTERVAL) {
        reported = Date.now();
        report(request, "download", partial.loaded, info.size);
      }
    }
  } catch (cause) {
    const known = cause instanceof FilesError || cause instanceof BrokenTransfer || cause instanceof Superseded;
    if (signal?.aborted || known) throw cause;
    throw new BrokenTransfer(client.networkError(request.url, subject, cause));
  }
  if (info.size !== undefined && partial.loaded < info.size) {
    const reason = `the connection ended after ${partial.loaded} of ${info.size} bytes`;
    throw new BrokenTransfer(broken(subject, reason));
  }
}

async function check(partial: PartialFile, info: FileInfo, subject: Subject): Promise<FilesError | undefined> {
  if (info.sha256 === undefined) return undefined;
  const actual = await partial.sha256();
  if (actual === info.sha256) return undefined;
  const message =
    `${subject.location}: ${subject.file} arrived damaged: its SHA-256 is ${actual}, and the server announced ` +
    `${info.sha256}. Something between here and the server changes the file`;
  return new FilesError("corrupt", message, subject);
}

function broken(subject: Subject, reason: string): FilesError {
  return new FilesError("network", `cannot download ${subject.file} of ${subject.location}: ${reason}`, subject);
}

/** What the headers tell about the whole file. */
export function describe(reply: HttpReply, url: string): FileInfo {
  const { response } = reply;
  // The hub gives length and SHA-256 of large files in the redirect to where they are stored.
  const linked = reply.header("x-linked-etag")?.replace(/^W\//, "").replaceAll('"', "").toLowerCase();
  const sha256 = linked && /^[0-9a-f]{64}$/.test(linked) ? linked : undefined;
  const encoded = /\S/.test((response.headers.get("content-encoding") ?? "").replace("identity", ""));
  const length =
    response.status === 206 ? contentRange(response)?.total : whole(response.headers.get("content-length"));
  const size = whole(reply.header("x-linked-size") ?? null) ?? (encoded ? undefined : length);
  const etag = response.headers.get("etag") ?? undefined;
  const lastModified = response.headers.get("last-modified") ?? undefined;
  return {
    url,
    ...(size === undefined ? {} : { size }),
    // A compressed body has its own validator, and its parts are not parts of the file.
    ...(etag === undefined || encoded ? {} : { etag }),
    ...(lastModified === undefined || encoded ? {} : { lastModified }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

function contentRange(response: Response): { readonly start: number; readonly total: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (!match) return undefined;
  return { start: Number(match[1]), total: match[2] === "*" ? undefined : Number(match[2]) };
}

function whole(value: string | null): number | undefined {
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function report(request: DownloadRequest, status: Progress["status"], loaded: number, total: number | undefined): void {
  request.onProgress?.({ file: request.subject.file, status, loaded, total });
}
