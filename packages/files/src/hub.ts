import { FilesError } from "./errors.js";
import { discard, HttpClient, statusError } from "./http.js";
import { environment, hasDisk } from "./platform.js";
import { type ListedFile, offlineError, type RemoteSource, type RemoteVersion, remoteFileSet } from "./remote.js";
import type { FileStore } from "./store.js";
import type { FileSet, OpenFilesOptions } from "./types.js";

/** A model on the hub. */
export interface HubId {
  /** "organisation/name", or the bare name of an old model. */
  readonly id: string;
  readonly revision: string | undefined;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";
const COMMIT = /^[0-9a-f]{40}$/;
const ID = /^(?:[\w][\w.-]*\/)?[\w][\w.-]*$/;
const REVISION = /^[\w][\w./+-]*$/;

/** Reads "organisation/name" or "organisation/name@revision"; undefined for anything else. */
export function parseHubId(text: string): HubId | undefined {
  const at = text.indexOf("@");
  const id = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? undefined : text.slice(at + 1);
  if (!ID.test(id) || id.includes("..") || id.length > 200) return undefined;
  if (revision !== undefined && !isRevision(revision)) return undefined;
  return { id, revision };
}

function isRevision(text: string): boolean {
  return REVISION.test(text) && !text.includes("..") && text.length <= 250;
}

/** The hub's address: the option, `$HF_ENDPOINT`, or huggingface.co. */
export function hubEndpoint(options: OpenFilesOptions): string {
  const given = options.endpoint ?? environment("HF_ENDPOINT") ?? DEFAULT_ENDPOINT;
  try {
    const url = new URL(given);
    if (/^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  } catch {
    // Said below.
  }
  throw new FilesError("invalid-source", `the hub endpoint ${JSON.stringify(given)} is not an http(s) address`, {
    location: given,
  });
}

/** The model that a page or folder address of the hub means: what people paste from the browser's address bar. */
export function hubIdOfUrl(url: URL, endpoint: string): HubId | undefined {
  const base = new URL(endpoint);
  const root = base.pathname.replace(/\/+$/, "");
  if (url.origin !== base.origin || !url.pathname.startsWith(`${root}/`)) return undefined;
  const match = /^\/([^/]+\/[^/]+)(?:\/(?:tree|resolve|blob)\/([^/]+))?\/?$/.exec(url.pathname.slice(root.length));
  if (!match) return undefined;
  const revision = match[2] === undefined ? "" : `@${decodeURIComponent(match[2])}`;
  return parseHubId(decodeURIComponent(match[1]!) + revision);
}

/**
 * The files of one revision of a hub model. A branch is pinned to its commit when the set is first used, so that all
 * files belong together; a commit's files are never asked for again once they are cached.
 */
export function hubFileSet(hub: HubId, store: FileStore, offline: boolean, options: OpenFilesOptions): FileSet {
  const revision = options.revision ?? hub.revision ?? "main";
  if (!isRevision(revision)) {
    throw new FilesError("invalid-source", `${JSON.stringify(revision)} is not a revision`, { location: hub.id });
  }
  const { id } = hub;
  const endpoint = hubEndpoint(options);
  const location = revision === "main" ? id : `${id}@${revision}`;
  const client = new HttpClient(options, new URL(endpoint).origin, options.token ?? environment("HF_TOKEN"));
  const folder = `hub/${endpoint.replace(/^https?:\/\//, "")}/${id.replace("/", "--")}`;
  const noteKey = `${folder}/refs/${encodeURIComponent(revision)}`;
  const { signal } = options;

  const versionAt = (name: string, immutable: boolean): RemoteVersion => ({
    immutable,
    prefix: `${folder}/${encodeURIComponent(name)}`,
    urlOf: (file) =>
      `${endpoint}/${id}/resolve/${encodeURIComponent(name)}/${file.split("/").map(encodeURIComponent).join("/")}`,
    keyOf: (file) => `${folder}/${encodeURIComponent(name)}/${file}`,
  });

  const version = async (): Promise<RemoteVersion> => {
    if (COMMIT.test(revision)) return versionAt(revision, true);
    const subject = { location, file: "config.json" };
    const known = await store.readNote(noteKey);
    const last = known !== undefined && COMMIT.test(known) ? known : undefined;
    if (offline) {
      if (last) return versionAt(last, true);
      throw offlineError(subject);
    }
    const branch = versionAt(revision, false);
    try {
      const answer = await client.request(branch.urlOf("config.json"), subject, { method: "HEAD", signal });
      await discard(answer.response);
      const commit = answer.header("x-repo-commit");
      if (commit && COMMIT.test(commit)) {
        if (commit !== last) await store.writeNote(noteKey, commit);
        return versionAt(commit, true);
      }
      const { ok, status } = answer.response;
      const wholeMissing = answer.header("x-error-code")?.match(/^(Repo|Revision)NotFound$/);
      // No commit told: a mirror. Its files are checked by their validators, like those of any URL.
      if (ok || status === 405 || status === 501 || (status === 404 && !wholeMissing)) return branch;
      throw statusError(answer, branch.urlOf("config.json"), subject);
    } catch (error) {
      if (last && error instanceof FilesError && error.code === "network") return versionAt(last, true);
      throw error;
    }
  };

  let listing: Promise<Map<string, ListedFile>> | undefined;
  const entries = (current: RemoteVersion): Promise<Map<string, ListedFile>> => {
    listing ??= fetchListing(client, endpoint, id, current, location, signal).catch((error) => {
      listing = undefined;
      throw error;
    });
    return listing;
  };

  const source: RemoteSource = {
    location,
    client,
    store,
    offline,
    options,
    version,
    list: async (current) => [...(await entries(current)).keys()].sort(),
    // A page sees only the last answer of a redirect, so presence, length and checksum come from the list.
    ...(!hasDisk() && {
      async lookUp(current: RemoteVersion, name: string) {
        const found = await entries(current).catch(() => undefined);
        signal?.throwIfAborted();
        return found && (found.get(name) ?? null);
      },
    }),
  };
  return remoteFileSet(source);
}

const MAX_PAGES = 50;

/** The hub's list of files: `/api/models/{id}/tree/{revision}`. */
async function fetchListing(
  client: HttpClient,
  endpoint: string,
  id: string,
  current: RemoteVersion,
  location: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, ListedFile>> {
  const subject = { location, file: "the list of files" };
  const found = new Map<string, ListedFile>();
  const revision = current.prefix.slice(current.prefix.lastIndexOf("/") + 1);
  let url: string | undefined = `${endpoint}/api/models/${id}/tree/${revision}?recursive=true`;
  for (let page = 0; url !== undefined && page < MAX_PAGES; page++) {
    const answer = await client.request(url, subject, { signal });
    if (!answer.response.ok) {
      await discard(answer.response);
      throw statusError(answer, url, subject);
    }
    const items: unknown = await answer.response.json().catch(() => undefined);
    if (!Array.isArray(items))
      throw new FilesError("network", `${location}: the hub's list of files is not valid`, subject);
    for (const item of items as { type?: unknown; path?: unknown; size?: unknown; lfs?: { oid?: unknown } }[]) {
      if (item?.type !== "file" || typeof item.path !== "string") continue;
      const oid = item.lfs?.oid;
      found.set(item.path, {
        ...(Number.isSafeInteger(item.size) ? { size: item.size as number } : {}),
        ...(typeof oid === "string" && /^[0-9a-f]{64}$/.test(oid) ? { sha256: oid } : {}),
      });
    }
    const next = /<([^>]+)>;\s*rel="next"/.exec(answer.response.headers.get("link") ?? "")?.[1];
    url = next === undefined ? undefined : new URL(next, url).href;
  }
  return found;
}
