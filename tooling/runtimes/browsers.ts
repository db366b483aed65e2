import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { ISOLATED, QUIET } from "../config/browser.ts";
import { enginePackage } from "./engines.ts";

/** A browser on this machine. */
export interface Browser {
  readonly name: "Chromium" | "Firefox";
  readonly path: string;
}

const PLACES: Readonly<Record<Browser["name"], (string | undefined)[]>> = {
  Chromium: [process.env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  Firefox: [process.env["FIREFOX_PATH"], "/usr/bin/firefox-esr", "/usr/bin/firefox"],
};

/** The browser, or undefined where it is not on this machine. */
export function findBrowser(name: Browser["name"]): Browser | undefined {
  const path = PLACES[name].find((place) => place !== undefined && existsSync(place));
  return path === undefined ? undefined : { name, path };
}

/** A page: how it is served, and what its script is asked for. */
export interface Page {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
}

/** The four compiled modules, no WebAssembly, and both kinds of threads that a page has. */
export const PAGES: readonly Page[] = [
  { name: "isolated page", headers: ISOLATED, query: "mode=full" },
  { name: "isolated page, no relaxed SIMD", headers: ISOLATED, query: "mode=simd128" },
  { name: "worker of an isolated page", headers: ISOLATED, query: "mode=full&worker" },
  { name: "page that is not isolated", headers: {}, query: "mode=full" },
  { name: "page that is not isolated, no relaxed SIMD", headers: {}, query: "mode=simd128" },
  {
    name: "page whose policy forbids WebAssembly",
    headers: { ...ISOLATED, "Content-Security-Policy": "default-src 'self'" },
    query: "mode=full&forbidden",
  },
  {
    name: "page whose policy allows WebAssembly, but neither eval nor workers from blobs",
    headers: { ...ISOLATED, "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" },
    query: "mode=full&alone",
  },
];

const HTML = '<!doctype html><title>check</title><body><script type="module" src="/page.js"></script>';

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
};

/** Serves a project's bundled script, its models, and `/PAGE.html` for each of {@link PAGES}. */
export async function servePages(project: string): Promise<{ server: Server; origin: string }> {
  const server = createServer(async ({ url = "/" }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
    const page = PAGES[Number(/^\/(\d+)\.html$/.exec(path)?.[1])];
    // Of a worker's script the policy counts too.
    const headers = { ...(page ?? PAGES[0]!).headers, "Content-Type": TYPES[extname(path)] ?? "text/plain" };
    try {
      const models = "/models/";
      const file = path.startsWith(models)
        ? join(project, `node_modules/@convbert/model-${path.slice(models.length)}`)
        : join(project, path);
      const body = page ? HTML : await readFile(file);
      response.writeHead(200, headers).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { server, origin: `http://127.0.0.1:${port}` };
}

interface Puppeteer {
  launch(options: object): Promise<{
    version(): Promise<string>;
    newPage(): Promise<{
      goto(url: string): Promise<unknown>;
      waitForSelector(selector: string, options: { timeout: number }): Promise<unknown>;
      evaluate(script: string): Promise<string>;
      close(): Promise<void>;
    }>;
    close(): Promise<void>;
  }>;
}

/** For one page on a machine that is slow and busy, in milliseconds. */
const PATIENCE = 180_000;

/** Opens every page in turn; `onResult` gets what its script wrote. */
export async function runPages(
  { name, path }: Browser,
  origin: string,
  onResult: (version: string, page: Page, result: { lines?: unknown[]; error?: string }) => void,
): Promise<void> {
  const entry = join(enginePackage("puppeteer-core"), "lib/puppeteer/puppeteer-core.js");
  const { default: puppeteer } = (await import(pathToFileURL(entry).href)) as { default: Puppeteer };
  const browser = await puppeteer.launch({
    browser: name === "Firefox" ? "firefox" : "chrome",
    executablePath: path,
    args: name === "Firefox" ? [] : [...QUIET, "--disable-gpu"],
    headless: true,
  });
  try {
    const version = await browser.version();
    for (const [i, page] of PAGES.entries()) {
      const tab = await browser.newPage();
      try {
        await tab.goto(`${origin}/${i}.html?${page.query}`);
        await tab.waitForSelector("[data-done]", { timeout: PATIENCE });
        onResult(version, page, JSON.parse(await tab.evaluate("document.body.textContent")));
      } catch (error) {
        onResult(version, page, { error: String(error) });
      }
      await tab.close();
    }
  } finally {
    await browser.close();
  }
}
