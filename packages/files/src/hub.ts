import { FilesError } from "./errors.js";
import { discard, HttpClient, statusError } from "./http.js";
import { fetchListing } from "./hub-listing.js";
import { environment, hasNode } from "./platform.js";
import { type PythonHubModel, pythonHubModel } from "./python-hub.js";
import { quoted } from "./quoted.js";
import { type ListedFile, offlineError, type RemoteSource, type RemoteVersion, remoteFileSet } from "./remote.js";
import type { FileStore } from "./store.js";
import { hubToken } from "./token.js";
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
    if (/^https?:$/.test(url.protocol) && !url.username && !url.password) return url.href.replace(/\/+$/, "");
  } catch {
    // Said below.
  }
  // An address may hold a password, so it is not quoted.
  const message =
    "the hub's endpoint (the option `endpoint`, or the environment variable HF_ENDPOINT) is not an http(s) address " +
    "without credentials; give those by `token`";
  throw new FilesError("invalid-source", message, { location: "the hub's endpoint" });
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
export async function hubFileSet(
  hub: HubId,
  store: FileStore,
  offline: boolean,
  options: OpenFilesOptions,
): Promise<FileSet> {
  const revision = options.revision ?? hub.revision ?? "main";
  if (!isRevision(revision)) {
    throw new FilesError("invalid-source", `${quoted(revision)} is not a revision`, { location: hub.id });
  }
  const { id } = hub;
  const endpoint = hubEndpoint(options);
  const location = revision === "main" ? id : `${id}@${revision}`;
  const address = new URL(endpoint);
  const client = new HttpClient(options, address.origin, await hubToken(options.token, location));
  // Each part has its own place, so that no two models, revisions or servers can meet in one folder.
  const [organisation, name] = id.includes("/") ? id.split("/") : ["-", id];
  const scheme = address.protocol.slice(0, -1);
  const root = address.pathname === "/" ? "-" : encodeURIComponent(address.pathname);
  const folder = `hub/${scheme}/${address.host}/${root}/${organisation}/${name}`;
  const noteKey = `${folder}/refs/${encodeURIComponent(revision)}`;
  const { signal } = options;
  let python: Promise<PythonHubModel | undefined> | undefined;
  const inPython = () => (python ??= pythonHubModel(id).catch(() => undefined));

  const versionAt = (at: string, immutable: boolean): RemoteVersion => ({
    immutable,
    revision: at,
    prefix: `${folder}/at/${encodeURIComponent(at)}`,
    urlOf: (file) =>
      `${endpoint}/${id}/resolve/${encodeURIComponent(at)}/${file.split("/").map(encodeURIComponent).join("/")}`,
    keyOf: (file) => `${folder}/at/${encodeURIComponent(at)}/${file}`,
  });

  const version = async (): Promise<RemoteVersion> => {
    if (COMMIT.test(revision)) return versionAt(revision, true);
    const subject = { location, file: "config.json" };
    const known = await store.readNote(noteKey);
    const own = known !== undefined && COMMIT.test(known) ? known : undefined;
    const last = own ?? (await (await inPython())?.commitOf(revision));
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
        // A cache that cannot be written still serves.
        if (commit !== own) await store.writeNote(noteKey, commit).catch(() => undefined);
        return versionAt(commit, true);
      }
      const { ok, status } = answer.response;
      const wholeMissing = answer.header("x-error-code")?.match(/^(Repo|Revision)NotFound$/);
      // No commit told: a mirror. Its files are checked by their validators, like those of any URL.
      if (ok || status === 405 || status === 501 || (status === 404 && !wholeMissing)) return branch;
      throw statusError(answer, branch.urlOf("config.json"), subject);
    } catch (error) {
      // As in Python, what is cached serves also where the server denies access or is out of order.
      const lost = error instanceof FilesError && (error.code === "network" || error.code === "unauthorized");
      if (last && lost) return versionAt(last, true);
      throw error;
    }
  };

  let listing: Promise<Map<string, ListedFile>> | undefined;
  const entries = (current: RemoteVersion): Promise<Map<string, ListedFile>> => {
    const url = `${endpoint}/api/models/${id}/tree/${encodeURIComponent(current.revision!)}?recursive=true`;
    listing ??= fetchListing(client, url, location, signal).catch((error) => {
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
    elsewhere: async (current, file) =>
      current.immutable ? (await inPython())?.find(current.revision!, file) : undefined,
    namesElsewhere: async (current) =>
      current.immutable ? ((await (await inPython())?.names(current.revision!)) ?? []) : [],
    list: async (current) => [...(await entries(current)).keys()].sort(),
    // A page sees only the last answer of a redirect, so presence, length and checksum come from the list.
    ...(!hasNode() && {
      async lookUp(current: RemoteVersion, name: string) {
        const found = await entries(current).catch(() => undefined);
        signal?.throwIfAborted();
        return found && (found.get(name) ?? null);
      },
    }),
  };
  return remoteFileSet(source);
}
