import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { memoryCheckpoints } from "@convbert/trainer";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForPages, ISOLATED, QUIET } from "../../../tooling/config/browser.ts";
import { chromiumPath } from "../../../tooling/config/machine.ts";
import { type Part, type Result, run } from "./browser/run.js";

const executablePath = chromiumPath();

/** The worker with the packages as they are published. */
const bundle = () => bundleForPages(new URL("..", import.meta.url), new URL("browser/worker.ts", import.meta.url));

it("bundles for browsers from the built packages", async () => {
  const { files } = await bundle();
  expect(files).toEqual(expect.arrayContaining(["dist/index.js", "../tensor/dist/index.js"]));
  expect(files.filter((file) => /^(\.\.\/\w+\/)?src\//.test(file))).toEqual([]);
});

const inChromium = (path: string) => () => {
  let server: Server;
  let browser: Browser;
  /** The same run in Node. */
  let here: Result;

  beforeAll(async () => {
    const { script } = await bundle();
    here = await run({ memory: memoryCheckpoints() });
    server = createServer(({ url = "/" }, response) => {
      const headers = url.startsWith("/plain") ? {} : ISOLATED;
      const isScript = url.endsWith(".js");
      response.writeHead(200, { ...headers, "Content-Type": isScript ? "text/javascript" : "text/html" });
      response.end(isScript ? script : "<!doctype html><title>training</title>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({ executablePath: path, args: [...QUIET, "--disable-gpu"] });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** What the worker of a page answers. */
  async function trainIn(folder: string): Promise<Result> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${folder}/`);
    // As text: the page has other types than these tests.
    const answer = await page.evaluate(`new Promise((resolve) => {
      const worker = new Worker("worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => resolve({ error: message });
    })`);
    await context.close();
    const { result, error } = answer as { result?: Result; error?: string };
    if (result === undefined) throw new Error(`the worker failed: ${error}`);
    return result;
  }

  /** Equal within 1e-5 of the value: engines may round a fused multiply-add once or twice. */
  function expectClose(actual: readonly number[], expected: readonly number[]): void {
    expect(actual).toHaveLength(expected.length);
    for (const [index, value] of expected.entries()) {
      expect(Math.abs(actual[index]! - value), `${index}: ${actual[index]}`).toBeLessThanOrEqual(
        1e-5 * Math.abs(value),
      );
    }
  }

  const losses = (parts: readonly Part[]) => parts.flatMap((part) => part.losses);
  const evaluations = (parts: readonly Part[]) => parts.flatMap((part) => part.evaluations);

  it.each(["isolated", "plain"])("learns as in Node, aborts and resumes: %s page", async (folder) => {
    const there = await trainIn(folder);
    expect(there.backend).toContain("wasm");
    expect(here.whole).toMatchObject({ resumedFrom: null, ended: null });
    expect(here.whole.losses).toHaveLength(12);
    expect(new Set(here.whole.losses).size).toBe(12);

    expectClose(there.whole.losses, here.whole.losses);
    expectClose(there.whole.norms, here.whole.norms);
    expect(there.whole.evaluations.map(([step]) => step)).toEqual([6, 12]);
    expectClose(evaluations([there.whole]).flat(), evaluations([here.whole]).flat());

    expect(Object.keys(there.resumed)).toEqual(["memory", "private file system"]);
    for (const parts of [...Object.values(there.resumed), ...Object.values(here.resumed)]) {
      const aborted = (step: number) => `AbortError: after step ${step}`;
      expect(parts.map(({ ended }) => ended)).toEqual([aborted(5), aborted(9), null]);
      expect(parts.map(({ resumedFrom }) => resumedFrom)).toEqual([null, "step-00000005", "step-00000009"]);
      expect(parts.map((part) => part.losses.length)).toEqual([5, 4, 3]);
    }
    for (const parts of Object.values(there.resumed)) {
      expect(losses(parts)).toEqual(there.whole.losses);
      expect(evaluations(parts)).toEqual(there.whole.evaluations);
    }
    expect(there.sameWeights).toEqual({ memory: true, "private file system": true });
    expect(there.logged).toBe(here.logged);
  });
};

if (executablePath !== undefined) describe("training in a worker of a page in Chromium", inChromium(executablePath));
