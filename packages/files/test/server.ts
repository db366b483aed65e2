import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

export interface TestServer {
  readonly origin: string;
  /** "METHOD /path" of every request so far. */
  readonly log: string[];
  /** Headers of every request so far. */
  readonly headers: IncomingMessage["headers"][];
  close(): Promise<void>;
}

import { seeded } from "../../../tooling/config/seeded.ts";

/** A real HTTP server on this machine, closed when the test ends. */
export async function serve(handler: Handler): Promise<TestServer> {
  const log: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, "http://localhost");
    log.push(`${request.method} ${url.pathname}`);
    headers.push(request.headers);
    Promise.resolve(handler(request, response, url)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  onTestFinished(close);
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, log, headers, close };
}

/** Answers a request for `body` as a well-behaved server does: HEAD, Range, If-Range, If-None-Match. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  extra: Record<string, string> = {},
): void {
  const etag = extra["etag"] ?? `"${createHash("md5").update(body).digest("hex")}"`;
  const headers: Record<string, string> = { "accept-ranges": "bytes", ...extra, etag };
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const current = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
  if (match && current) {
    const start = Number(match[1]);
    if (start >= body.length) {
      response.writeHead(416, { ...headers, "content-range": `bytes */${body.length}` }).end();
      return;
    }
    const end = match[2] ? Math.min(Number(match[2]), body.length - 1) : body.length - 1;
    const range = `bytes ${start}-${end}/${body.length}`;
    response.writeHead(206, { ...headers, "content-length": String(end + 1 - start), "content-range": range });
    response.end(request.method === "HEAD" ? undefined : body.subarray(start, end + 1));
    return;
  }
  response.writeHead(200, { ...headers, "content-length": String(body.length) });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Sends the headers of the whole answer, then only some bytes, then breaks the connection. */
export async function sendTruncated(
  response: ServerResponse,
  body: Uint8Array,
  bytes: number,
  start = 0,
  headers = {},
) {
  const rest = body.length - start;
  const range = start > 0 ? { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { "content-length": String(rest), ...range, ...headers });
  response.write(body.subarray(start, start + bytes));
  // Let the bytes arrive, and be read, before the connection goes: what was not read by then goes with it. Several short
  // waits, since one long one may end before this process was given time to read.
  for (let wait = 0; wait < 20; wait++) await new Promise((resolve) => setTimeout(resolve, 15));
  response.destroy();
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that differ everywhere, the same in every run. */
export function pattern(length: number, seed = 1): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length }, () => random(256));
}

/** A named pipe: opening it waits for whoever opens its other end. */
export function makePipe(path: string): void {
  execFileSync("/usr/bin/env", ["mkfifo", path]);
}

/** A folder of its own for the test, removed when it ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "convbert-files-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
