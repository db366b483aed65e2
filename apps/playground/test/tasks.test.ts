import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { answered, executablePath, launch, seriousFaults, show, type Visit, visit } from "./visit.ts";

const LINES = "The children played in the garden.\nShe wrote a long letter to her sister.\nThe bank raised its rates.";

/** Task, what is typed, and the best of the answers. */
const CASES: readonly (readonly [string, Record<string, string>, string])[] = [
  ["text-classification", { text: "Who wrote the opera Carmen?" }, "a person or group"],
  ["text-classification", { model: "sentiment", text: "A gorgeous, witty, seductive movie." }, "positive"],
  ["token-classification", { text: "The old man gave up his seat." }, "The old manNP"],
  ["token-classification", { model: "entities", text: "Just saw Barack Obama in Chicago" }, "Barack Obamaperson"],
  [
    "feature-extraction",
    { query: "Kids are outside on the lawn.", lines: LINES },
    "The children played in the garden.",
  ],
];

const inChromium = () => {
  let site: Site;
  let browser: Browser;
  let desk: Visit;
  let phone: Visit;

  beforeAll(async () => {
    site = await openSite();
    browser = await launch();
    desk = await visit(browser, { colorScheme: "light" });
    phone = await visit(browser, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await mkdir("reports", { recursive: true });
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it("asks for no model before something is typed, and answers nothing", async () => {
    const { page } = desk;
    await page.goto(site.address);
    await page.locator("[data-status=empty]").waitFor();
    expect(site.requests.filter((path) => path.includes("/models/"))).toEqual([]);
    await page.getByLabel("Text", { exact: true }).fill("   ");
    await page.waitForTimeout(400);
    expect(await page.locator(".answer").count()).toBe(0);
    expect(site.requests.filter((path) => path.includes("/models/"))).toEqual([]);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it.each(CASES)("%s answers %j with %s, from a link, on a desk and on a phone", async (task, input, best) => {
    for (const [name, { page }] of Object.entries({ desk, phone })) {
      await show(page, site.address, { task, ...input });
      await answered(page);
      const first = page.locator(task === "token-classification" ? ".marked mark" : ".bars .best .name").first();
      expect(await first.textContent()).toBe(best);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `reports/${task}-${input["model"] ?? "usual"}-${name}.png`, fullPage: true });
      expect(await seriousFaults(page)).toEqual([]);
    }
  });

  it("is small: what a first visit loads without a model, and what a panel adds", async () => {
    const { page } = await visit(browser);
    const sizes: number[] = [];
    page.on("request", (request) => {
      const path = new URL(request.url()).pathname.replace("/some/where/", "");
      sizes.push(gzipSync(readFileSync(new URL(`../dist/${path || "index.html"}`, import.meta.url))).length);
    });
    await page.goto(site.address);
    await page.locator("[data-status=empty]").waitFor();
    await page.waitForLoadState("networkidle");
    const first = sizes.reduce((sum, size) => sum + size, 0);
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThan(60_000);
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.locator("[data-panel=inside] .hint").waitFor();
    expect(sizes.reduce((sum, size) => sum + size, 0) - first).toBeLessThan(10_000);
  });

  it("keeps what is on the screen in the address, by typing, examples and tasks", async () => {
    const { page } = desk;
    await page.goto("about:blank");
    await page.goto(site.address);
    await page.getByRole("button", { name: "What does NASA stand for?" }).click();
    await answered(page);
    await page.getByRole("button", { name: "Fill in words" }).click();
    await page.getByLabel("Text with [MASK]").fill("She looked at [MASK] & [MASK] with a smile. 100%");
    await answered(page);
    const words = await page.locator(".bars .best .name").allTextContents();
    await page.reload();
    await answered(page);
    expect(await page.getByLabel("Text with [MASK]").inputValue()).toBe(
      "She looked at [MASK] & [MASK] with a smile. 100%",
    );
    expect(await page.locator(".bars .best .name").allTextContents()).toEqual(words);
    await page.locator(".bars .best .word").first().click();
    expect(await page.getByLabel("Text with [MASK]").inputValue()).toBe(
      `She looked at ${words[0]} & [MASK] with a smile. 100%`,
    );
  });

  it("copes with markup, emoji and right-to-left text", async () => {
    const { page } = desk;
    for (const text of [
      "👍🏽 naïve café 東京",
      "<b>bold</b> & <script>alert(1)</script>",
      "שלום עולם abc",
      "\u202Eevil",
    ]) {
      await show(page, site.address, { task: "token-classification", text });
      await answered(page);
      const shown = await page.locator(".marked").evaluate((node) => {
        const copy = node.cloneNode(true) as HTMLElement;
        for (const label of copy.querySelectorAll("sub")) label.remove();
        return copy.textContent;
      });
      expect(shown).toBe(text);
    }
  });

  it("works by keyboard: tasks, examples, and the way past them", async () => {
    const { page } = desk;
    await page.goto("about:blank");
    await page.goto(site.address);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.getByRole("button", { name: "Choose what follows" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "The fire went out. What was the cause of this?" }).focus();
    await page.keyboard.press("Space");
    await answered(page);
    expect(await page.locator(".bars .best .name").textContent()).toBe("It started to rain.");
  });

  it("leaves no error in the console", () => {
    expect([...desk.problems, ...phone.problems]).toEqual([]);
  });
};

if (executablePath !== undefined) describe("tasks in Chromium", inChromium);
