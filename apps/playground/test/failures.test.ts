import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { makeMasked } from "./small-model.ts";
import { answered, executablePath, launch, show, visit } from "./visit.ts";

const CARMEN = { task: "text-classification", text: "Who wrote the opera Carmen?" };

const inChromium = () => {
  let folder: string;
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "playground-"));
    await makeMasked(folder);
    site = await openSite({ masked: folder });
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ["404", /model\.safetensors/],
    ["truncated", /model\.safetensors/],
    ["broken", /model\.safetensors/],
  ] as const)("a model file that is %s ends in words, and in an answer once it is there", async (fault, words) => {
    const { page } = await visit(browser);
    site.faults.set("question-classification/model.safetensors", fault);
    await show(page, site.address, CARMEN);
    const failed = page.locator("[data-status=failed] .failed");
    await failed.waitFor();
    expect(await failed.textContent()).toMatch(words);
    site.faults.clear();
    await page.getByRole("button", { name: "Try again" }).click();
    await answered(page);
    expect(await page.locator(".bars .best .name").textContent()).toBe("a person or group");
  });

  it("a model that never comes can be stopped", async () => {
    const { page } = await visit(browser);
    site.faults.set("sentiment/model.safetensors", "silent");
    await show(page, site.address, { ...CARMEN, model: "sentiment" });
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator("[data-code=aborted]").waitFor();
    site.faults.clear();
    await page.getByRole("button", { name: "Try again" }).click();
    await answered(page);
  });

  it("a worker that the browser ends is said to be gone, and another one goes on", async () => {
    const { page } = await visit(browser);
    site.faults.set("sentiment/model.safetensors", "silent");
    await show(page, site.address, { ...CARMEN, model: "sentiment" });
    // The worker runs, and has what tells the page that it lives.
    await page.waitForFunction(async () => {
      const { held = [], pending = [] } = await navigator.locks.query();
      return [held, pending].every((locks) => locks.some(({ name }) => name?.startsWith("convbert-")));
    });
    // As for want of memory: without a word to the page. Again until it is heard, since a busy browser may lose the call.
    const end = () => {
      for (const worker of page.workers()) void worker.evaluate(() => close()).catch(() => undefined);
    };
    end();
    const ending = setInterval(end, 1000);
    await page
      .locator("[data-code=worker-ended]")
      .waitFor()
      .finally(() => clearInterval(ending));
    expect(await page.locator(".failed").textContent()).toContain("The browser has ended what computes in this page");
    site.faults.clear();
    await page.getByRole("button", { name: "Try again" }).click();
    await answered(page);
  });

  it("a worker whose script does not come is said so, and can be tried again", async () => {
    const { page } = await visit(browser, { serviceWorkers: "block" });
    await page.route(/worker-.*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
    await show(page, site.address, CARMEN);
    await page.locator("[data-code=worker-ended]").waitFor();
    await page.unroute(/worker-.*\.js$/);
    await page.getByRole("button", { name: "Try again" }).click();
    await answered(page);
  });

  it("code of the worker that does not come is said so, and can be tried again", async () => {
    const { page } = await visit(browser, { serviceWorkers: "block" });
    await page.route(/answer-.*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
    await show(page, site.address, CARMEN);
    await page.locator("[data-code=code-missing]").waitFor();
    await page.unroute(/answer-.*\.js$/);
    await page.getByRole("button", { name: "Try again" }).click();
    await answered(page);
  });

  it("a panel whose code does not come is said so, and can be tried again", async () => {
    const { page } = await visit(browser, { serviceWorkers: "block" });
    await page.route(/convert-.*\.js$/, (route) => route.abort());
    await show(page, site.address, CARMEN);
    await page.getByRole("button", { name: "Convert any format" }).click();
    await page.locator("[data-panel=convert] .failed").waitFor();
    await page.unroute(/convert-.*\.js$/);
    await page.locator("[data-panel=convert]").getByRole("button", { name: "Load the page again" }).click();
    await page.getByLabel("Format").waitFor();
    await answered(page);
  });

  it("answers where the browser has no room to keep anything", async () => {
    const { page } = await visit(browser, { serviceWorkers: "block" });
    let refusals = 0;
    page.on("console", (message) => message.text() === "no room" && refusals++);
    const full =
      'Cache.prototype.put = async () => { console.info("no room"); throw new DOMException("full", "QuotaExceededError"); };';
    await page.route(/worker-.*\.js$/, async (route) => {
      await route.fulfill({ contentType: "text/javascript", body: `${full}${await (await route.fetch()).text()}` });
    });
    await show(page, site.address, CARMEN);
    await answered(page);
    expect(await page.locator(".bars .best .name").textContent()).toBe("a person or group");
    expect(refusals).toBeGreaterThan(0);
  });

  it("a text that is too long is said to be, and its beginning can be read", async () => {
    const { page } = await visit(browser);
    await show(page, site.address, { ...CARMEN, text: `Who wrote it? ${"very ".repeat(600)}` });
    await page.locator("[data-code=too-long]").waitFor();
    await page.getByRole("button", { name: "Read only its beginning" }).click();
    await answered(page);
    expect(await page.locator(".result").textContent()).toContain("Only the beginning");
  });

  it("a text without a mask is answered with words", async () => {
    const { page } = await visit(browser);
    const model = new URL("/own/masked/", site.address).href;
    await show(page, site.address, { task: "fill-mask", model, text: "no mask here" });
    expect(await page.locator(".failed").textContent()).toContain("[MASK]");
  });

  it("answers where WebAssembly is forbidden, too", async () => {
    await using own = await openSite();
    own.policies.set(/worker-.*\.js$/, "script-src 'self'");
    const { page } = await visit(browser);
    await show(page, own.address, CARMEN);
    await answered(page);
    expect(await page.locator(".bars .best .name").textContent()).toBe("a person or group");
    expect(await page.locator(".facts").textContent()).toContain("reference");
  });

  it("works without a network after the first visit, isolated, at an address of any depth", async () => {
    await using own = await openSite();
    const { page, problems } = await visit(browser);
    await show(page, own.address, CARMEN);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await answered(page);
    await own.close();
    await page.reload();
    await answered(page);
    expect(await page.locator(".bars .best .name").textContent()).toBe("a person or group");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.locator(".states").waitFor();
    await page.getByRole("button", { name: "Your own labels" }).click();
    await page.getByRole("button", { name: "My card was charged twice." }).click();
    expect(await page.locator("[data-status=failed]").textContent()).toMatch(/network|offline|reach/i);
    expect(problems.filter((text) => !text.includes("Failed to load resource"))).toEqual([]);
  });
};

if (executablePath !== undefined) describe("failures in Chromium", inChromium);
