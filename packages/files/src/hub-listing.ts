import { readBody } from "./body.js";
import { FilesError } from "./errors.js";
import { discard, type HttpClient, type Subject, statusError } from "./http.js";
import { isFileName } from "./names.js";
import type { ListedFile } from "./remote.js";

/** The hub sends 1,000 names a page, of about 300 bytes each. */
const MAX_PAGE = 16 << 20;
const MAX_PAGES = 100;

/**
 * The hub's list of files, page by page.
 * @param url address of the first page, `/api/models/{id}/tree/{revision}`.
 * @throws FilesError "network" for a server that is silent or sends no list, "too-large" for an endless one.
 */
export async function fetchListing(
  client: HttpClient,
  url: string,
  location: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, ListedFile>> {
  const subject = { location, file: "the list of files" };
  const found = new Map<string, ListedFile>();
  let next: string | undefined = url;
  for (let page = 0; next !== undefined; page++) {
    if (page >= MAX_PAGES) throw endless(subject);
    const { items, link } = await fetchPage(client, next, subject, signal);
    for (const item of items) {
      const { type, path, size, lfs } = (item ?? {}) as {
        type?: unknown;
        path?: unknown;
        size?: unknown;
        lfs?: { oid?: unknown } | null;
      };
      if (type !== "file" || typeof path !== "string" || !isFileName(path)) continue;
      const oid = lfs?.oid;
      found.set(path, {
        ...(Number.isSafeInteger(size) ? { size: size as number } : {}),
        ...(typeof oid === "string" && /^[0-9a-f]{64}$/.test(oid) ? { sha256: oid } : {}),
      });
    }
    const following: string | undefined = /<([^>]+)>;\s*rel="next"/.exec(link)?.[1];
    next = following !== undefined && URL.canParse(following, next) ? new URL(following, next).href : undefined;
  }
  return found;
}

/** One page; again where the connection breaks. */
async function fetchPage(
  client: HttpClient,
  url: string,
  subject: Subject,
  signal: AbortSignal | undefined,
): Promise<{ readonly items: readonly unknown[]; readonly link: string }> {
  for (let attempt = 0; ; attempt++) {
    const answer = await client.request(url, subject, { signal });
    const { response } = answer;
    if (!response.ok) {
      await discard(response);
      const { status } = response;
      if (status !== 404 || answer.header("x-error-code")) throw statusError(answer, url, subject);
      const message = `${subject.location}: ${new URL(url).host} does not list the files of a model`;
      throw new FilesError("not-found", message, { ...subject, status });
    }
    let body: Uint8Array;
    try {
      body = await readBody(response, MAX_PAGE, client.timeout, signal, () => endless(subject));
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof FilesError) throw cause;
      if (attempt >= client.retries) throw client.networkError(url, subject, cause);
      await client.pause(attempt, signal);
      continue;
    }
    return { items: parse(body, subject), link: response.headers.get("link") ?? "" };
  }
}

function parse(body: Uint8Array, subject: Subject): readonly unknown[] {
  let items: unknown;
  try {
    items = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // Said below.
  }
  if (Array.isArray(items)) return items;
  throw new FilesError("network", `${subject.location}: the hub's list of files is not valid`, subject);
}

function endless(subject: Subject): FilesError {
  const message = `${subject.location}: the server's list of files does not end`;
  return new FilesError("too-large", message, subject);
}
