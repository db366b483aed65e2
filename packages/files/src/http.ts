import { FilesError } from "./errors.js";
import { environment, hasNode, sleep } from "./platform.js";
import { printable } from "./quoted.js";
import type { OpenFilesOptions } from "./types.js";

/** What a request is about, for its errors. */
export interface Subject {
  readonly location: string;
  readonly file: string;
}

export interface RequestOptions {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Gives a redirect to another server back instead of following it: an address signed for GET refuses HEAD. */
  readonly stayHere?: boolean;
}

/** The reply, with the headers of the redirects before it: the hub tells commit and checksum in the first one. */
export interface HttpReply {
  readonly response: Response;
  /** Looks a header up in every reply, the first that has it. */
  header(name: string): string | undefined;
}

const MAX_REDIRECTS = 10;
const MAX_RETRY_AFTER = 30_000;
const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);

export class HttpClient {
  readonly retries: number;
  readonly #fetch: typeof fetch;
  readonly #delay: number;
  readonly #timeout: number;
  readonly #token: string | undefined;
  readonly #origin: string;

  /**
   * @param origin the only one that the token is sent to.
   * @param token as {@link cleanToken} gives it.
   */
  constructor(options: OpenFilesOptions, origin: string, token: string | undefined) {
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.retries = options.retries ?? 4;
    this.#delay = options.retryDelay ?? 500;
    this.#timeout = options.timeout ?? 30_000;
    this.#token = token;
    this.#origin = origin;
  }

  /** How long a server may be silent, in milliseconds. */
  get timeout(): number {
    return this.#timeout;
  }

  /**
   * Sends a request, again after a pause where it may help. A reply of any status comes back.
   * @throws FilesError "network" when there is none, and for the statuses of an overloaded or broken server.
   */
  async request(url: string, subject: Subject, options: RequestOptions = {}): Promise<HttpReply> {
    for (let attempt = 0; ; attempt++) {
      options.signal?.throwIfAborted();
      let problem: FilesError;
      let wait = 0;
      try {
        const reply = await this.#once(url, subject, options);
        if (!RETRIED.has(reply.response.status)) return reply;
        wait = retryAfter(reply.response);
        problem = statusError(reply, url, subject);
        await discard(reply.response);
      } catch (cause) {
        options.signal?.throwIfAborted();
        if (cause instanceof FilesError) throw cause;
        problem = this.networkError(url, subject, cause);
      }
      if (attempt >= this.retries) throw problem;
      await this.pause(attempt, options.signal, wait);
    }
  }

  /** Waits before the next attempt: twice as long each time, with some chance, so that clients do not march in step. */
  async pause(attempt: number, signal?: AbortSignal, atLeast = 0): Promise<void> {
    const backoff = this.#delay * 2 ** Math.min(attempt, 6) * (0.75 + Math.random() / 2);
    await sleep(Math.max(backoff, atLeast), signal);
  }

  /** The error for an exchange that came to nothing. Whatever the cause says, the token is not in it. */
  networkError(url: string, subject: Subject, cause: unknown): FilesError {
    const { host } = new URL(url);
    const secret = this.#token;
    const reason = describeCause(cause);
    const shown = printable(secret ? reason.replaceAll(secret, "***") : reason);
    const message =
      `cannot download ${subject.file} of ${subject.location}: no connection to ${host} (${shown}). ` +
      `Check the network, or use a local folder or \`offline: true\` with a filled cache${proxyAdvice(url)}`;
    const tells = secret !== undefined && mentions(cause, secret);
    return new FilesError("network", message, { ...subject, ...(tells ? {} : { cause }) });
  }

  async #once(url: string, subject: Subject, options: RequestOptions): Promise<HttpReply> {
    const seen: Response[] = [];
    let current = url;
    // Browsers hide redirects; elsewhere each is followed by hand, so that its headers are seen.
    let redirect: RequestRedirect = hasNode() ? "manual" : "follow";
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const response = await this.#send(current, options, redirect);
      if (response.type === "opaqueredirect") {
        redirect = "follow";
        continue;
      }
      seen.push(response);
      const target =
        redirect === "manual" && response.status >= 300 && response.status < 400 && response.status !== 304;
      const next = target ? response.headers.get("location") : null;
      const address = next ? new URL(next, current) : undefined;
      const leaves = address !== undefined && address.origin !== new URL(current).origin;
      if (!address || (leaves && options.stayHere)) return { response, header: (name) => firstHeader(seen, name) };
      await discard(response);
      const downgrade = new URL(current).protocol === "https:" && address.protocol !== "https:";
      if (downgrade || !/^https?:$/.test(address.protocol)) {
        throw new FilesError(
          "network",
          `${subject.location}: refusing the redirect to ${address.protocol}//${address.host}`,
          subject,
        );
      }
      current = address.href;
    }
    throw new FilesError("network", `${subject.location}: too many redirects for ${subject.file}`, subject);
  }

  /** One exchange, up to the headers, within the timeout. */
  async #send(url: string, options: RequestOptions, redirect: RequestRedirect): Promise<Response> {
    const headers: Record<string, string> = { ...options.headers };
    // Lengths and ranges count the bytes of the file itself. (Browsers do not let a page set this one.)
    if (hasNode()) headers["accept-encoding"] = "identity";
    if (this.#token && new URL(url).origin === this.#origin) headers["authorization"] = `Bearer ${this.#token}`;
    const silence = new AbortController();
    const stop = () => silence.abort(options.signal!.reason);
    options.signal?.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(() => silence.abort(new Error(`no reply for ${this.#timeout / 1000} s`)), this.#timeout);
    try {
      return await this.#fetch(url, { method: options.method ?? "GET", headers, redirect, signal: silence.signal });
    } finally {
      // From here on whoever reads the body watches the caller's signal.
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", stop);
    }
  }
}

/** Lets the connection go without reading the body. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

function firstHeader(responses: readonly Response[], name: string): string | undefined {
  for (const response of responses) {
    const value = response.headers.get(name);
    if (value) return value;
  }
  return undefined;
}

function retryAfter(response: Response): number {
  const value = response.headers.get("retry-after");
  if (!value) return 0;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), MAX_RETRY_AFTER) : 0;
}

function describeCause(cause: unknown): string {
  const { message, cause: inner } = (cause ?? {}) as { message?: string; cause?: { code?: string; message?: string } };
  return String(inner?.code ?? inner?.message ?? message ?? cause);
}

/** Whether an error or one of its causes has a text in it. */
function mentions(error: unknown, text: string): boolean {
  let current = error;
  for (let depth = 0; depth < 10 && current !== undefined && current !== null; depth++) {
    const { message, stack, cause } = current as { message?: unknown; stack?: unknown; cause?: unknown };
    if ([message, stack, String(current)].some((part) => typeof part === "string" && part.includes(text))) return true;
    current = cause;
  }
  return false;
}

/** Node's `fetch` goes past a proxy that the environment names, unless it is told not to. */
function proxyAdvice(url: string): string {
  const { protocol, hostname } = new URL(url);
  const { process } = globalThis as { process?: { versions?: { bun?: string; deno?: string } } };
  if (!hasNode() || process?.versions?.bun || process?.versions?.deno || environment("NODE_USE_ENV_PROXY")) return "";
  if (/^(localhost|127\.|\[::1\])/.test(hostname)) return "";
  const names = protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"];
  const name = names.find((candidate) => environment(candidate));
  if (!name) return "";
  return `. ${name} is set, but Node uses it only with NODE_USE_ENV_PROXY=1 (Node 24, and 22 from 22.21)`;
}

/** The error for a status that is not a success. */
export function statusError(reply: HttpReply, url: string, subject: Subject): FilesError {
  const { status } = reply.response;
  const fields = { ...subject, status };
  const { location, file } = subject;
  const code = reply.header("x-error-code");
  if (status === 401 || status === 403) {
    const message =
      `${location}: the server denies access to ${file} (${status}). The model does not exist, or it is private or ` +
      "gated: check the name, and give an access token by `token` or the environment variable HF_TOKEN";
    return new FilesError("unauthorized", message, fields);
  }
  if (status === 404 || status === 410) {
    const what =
      code === "RevisionNotFound"
        ? `${location}: there is no such revision`
        : code === "RepoNotFound"
          ? `${location}: there is no such model, or it is private and needs a \`token\``
          : `${location} has no file ${file}`;
    return new FilesError("not-found", what, fields);
  }
  const { host } = new URL(url);
  return new FilesError("network", `${location}: ${host} replies ${status} for ${file}; try again later`, fields);
}
