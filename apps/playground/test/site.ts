import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** What goes wrong with a file: it is missing, its connection breaks half-way or at once, or it never comes. */
export type Fault = "404" | "truncated" | "broken" | "silent";

export interface Site extends AsyncDisposable {
  readonly address: string;
  /** By the end of a path. */
  readonly faults: Map<string, Fault>;
  /** Policies that the server sends, by what a path matches. */
  readonly policies: Map<RegExp, string>;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** Answers nothing any more. */
  close(): Promise<void>;
}

/** The built page as the plainest of servers has it: under a sub-path, without any header that it would like. */
export async function openSite(folders: Readonly<Record<string, string>> = {}): Promise<Site> {
  const faults = new Map<string, Fault>();
  const policies = new Map<RegExp, string>();
  const requests: string[] = [];
  const prefix = "/some/where/";
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://localhost").pathname);
    requests.push(path);
    const [, folder = "", rest = ""] = /^\/own\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const file = folders[folder] !== undefined ? join(folders[folder], rest) : join(dist, path.slice(prefix.length));
    const fault = [...faults].find(([end]) => path.endsWith(end))?.[1];
    if (fault === "silent") return;
    if (fault === "broken") {
      request.socket.destroy();
      return;
    }
    const page = path === prefix ? join(dist, "index.html") : file;
    if (fault === "404" || !existsSync(page) || !statSync(page).isFile()) {
      response.writeHead(404).end("no such file");
      return;
    }
    const policy = [...policies].find(([end]) => end.test(path))?.[1];
    if (policy !== undefined) response.setHeader("Content-Security-Policy", policy);
    send(page, response, fault === "truncated");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    address: `http://127.0.0.1:${port}${prefix}`,
    faults,
    policies,
    requests,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function send(file: string, response: ServerResponse, isCut: boolean): void {
  const { size, mtimeMs } = statSync(file);
  response.writeHead(200, {
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
    "Content-Length": size,
    ETag: `"${size}-${Math.round(mtimeMs)}"`,
  });
  if (isCut) {
    const part = createReadStream(file, { end: Math.floor(size / 2) });
    part.on("end", () => response.destroy()).pipe(response, { end: false });
  } else {
    createReadStream(file).pipe(response);
  }
}
