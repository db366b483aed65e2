import { readFile } from "node:fs/promises";
import axe from "axe-core";
import { unzipSync } from "fflate";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { QUIET } from "../../../tooling/config/browser.ts";
import { chromiumPath } from "../../../tooling/config/machine.ts";

/** Chromium, or undefined on a machine without it. */
export const executablePath = chromiumPath();

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: [...QUIET, "--disable-gpu"] });
}

export interface Visit {
  readonly page: Page;
  /** Errors of the page and its console. */
  readonly problems: string[];
}

/** A new visitor. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  return { page, problems };
}

/** Opens the page with something on the screen. */
export async function show(page: Page, address: string, state: Record<string, string>): Promise<void> {
  // A change of the hash alone would load nothing.
  await page.goto("about:blank");
  await page.goto(`${address}#${new URLSearchParams(state)}`);
}

/** Waits until the input on the screen is answered. */
export async function answered(page: Page): Promise<void> {
  await page.locator("[data-status=answered]").waitFor();
}

/** The files of an archive that a click downloads. */
export async function downloaded(page: Page, button: string): Promise<Record<string, Uint8Array>> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  return unzipSync(new Uint8Array(await readFile(await download.path())));
}

/** Drags files and folders of this machine over a part of the page and lets them fall, as a mouse does. */
export async function drop(page: Page, selector: string, paths: readonly string[]): Promise<void> {
  const target = page.locator(selector);
  await target.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await target.boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  }
  await session.detach();
}

/** What axe finds that is serious, in a line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (
      globalThis as never as { axe: { run(): Promise<{ violations: Violation[] }> } }
    ).axe.run();
    interface Violation {
      impact: string;
      id: string;
      nodes: { html: string; failureSummary: string }[];
    }
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)} ${nodes[0]!.failureSummary}`);
  });
  return found;
}
