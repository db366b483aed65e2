import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { SmallModel } from "convbert";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { makeMasked } from "./small-model.ts";
import { answered, executablePath, launch, seriousFaults, show, type Visit, visit } from "./visit.ts";

const LINES = "The children played in the garden.\nShe wrote a long letter to her sister.\nThe bank raised its rates.";

interface Case {
  readonly task: string;
  readonly model: SmallModel;
  readonly input: Readonly<Record<string, string>>;
  /** What is best of the answers. */
  readonly best: string;
}

const CASES: readonly Case[] = [
  {
    task: "text-classification",
    model: "question-classification",
    input: { text: "Who wrote the opera Carmen?" },
    best: "a person or group",
  },
  {
    task: "text-classification",
    model: "sentiment",
    input: { text: "A gorgeous, witty, seductive movie." },
    best: "positive",
  },
  {
    task: "token-classification",
    model: "chunking",
    input: { text: "The old man gave up his seat." },
    best: "The old manNP",
  },
  {
    task: "token-classification",
    model: "entities",
    input: { text: "Just saw Barack Obama in Chicago" },
    best: "Barack ObamaPER",
  },
  {
    task: "feature-extraction",
    model: "sentence-encoder",
    input: { query: "Kids are outside on the lawn.", lines: LINES },
    best: "The children played in the garden.",
  },
  {
    task: "zero-shot-classification",
    model: "sentence-encoder",
    input: { text: "My card was charged twice.", labels: "delivery\npayment\nreturns" },
    best: "payment",
  },
];

const inChromium = () => {
  let folder: string;
  let site: Site;
  let browser: Browser;
  let desk: Visit;
  let phone: Visit;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "playground-"));
    await makeMasked(folder);
    site = await openSite({ masked: folder });
    browser = await launch();
    desk = await visit(browser, { colorScheme: "light" });
    phone = await visit(browser, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await mkdir("reports", { recursive: true });
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(folder, { recursive: true });
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

  it.each(CASES)("$task with $model answers from a link, on a desk and on a phone", async (one) => {
    const { task, model, input, best } = one;
    for (const [name, { page }] of Object.entries({ desk, phone })) {
      await show(page, site.address, { task, model, ...input });
      await answered(page);
      const first = page.locator(task === "token-classification" ? ".marked mark" : ".bars .best .name").first();
      expect(await first.textContent()).toBe(best);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `reports/${task}-${model}-${name}.png`, fullPage: true });
      expect(await seriousFaults(page)).toEqual([]);
    }
  });

  it.each([
    ["fill-mask", "a model that still has its head of masked words"],
    ["question-answering", "a model that was trained to find answers in texts"],
    ["multiple-choice", "a model that was trained to choose among continuations"],
  ])("%s says what it takes, for the page comes without a model for it", async (task, words) => {
    const { page } = phone;
    await show(page, site.address, { task });
    await page.locator(".examples button").first().click();
    expect(await page.locator(".nothing").textContent()).toContain(`It takes ${words}`);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Open a model of yours" }).click();
    await page.locator("[data-panel=own-model] .drop").waitFor();
  });

  it("is small: what a first visit loads without a model, and what a panel adds", async () => {
    const { page } = await visit(browser, { serviceWorkers: "block" });
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
    let before = first;
    for (const title of ["Look inside", "Your own model", "Train", "Convert", "Compare runtimes", "Take it home"]) {
      await page.locator(".panel-names button", { hasText: title }).click();
      await page.locator(`[aria-label="${title}"] > :nth-child(2):not([role=status])`).waitFor();
      await page.waitForLoadState("networkidle");
      const all = sizes.reduce((sum, size) => sum + size, 0);
      // Nothing of other runtimes, and of the worker's code what a list of formats takes.
      expect(all - before, title).toBeLessThan(title === "Convert" ? 120_000 : 40_000);
      before = all;
    }
  });

  it("keeps what is on the screen in the address, by typing, examples and tasks", async () => {
    const { page } = desk;
    await page.goto("about:blank");
    await page.goto(site.address);
    await page.getByRole("button", { name: "What does NASA stand for?" }).click();
    await answered(page);
    await show(page, site.address, { task: "fill-mask", model: new URL("/own/masked/", site.address).href });
    const typed = "a cab [MASK] & [MASK] with b. 100%";
    await page.getByLabel("Text with [MASK]").fill(typed);
    await answered(page);
    const words = await page.locator(".bars .best .name").allTextContents();
    await page.reload();
    await answered(page);
    expect(await page.getByLabel("Text with [MASK]").inputValue()).toBe(typed);
    expect(await page.locator(".bars .best .name").allTextContents()).toEqual(words);
    await page.locator(".bars .best .word").first().click();
    expect(await page.getByLabel("Text with [MASK]").inputValue()).toBe(typed.replace("[MASK]", () => words[0]!));
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
    await page.getByRole("button", { name: "Your own labels" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "My card was charged twice." }).focus();
    await page.keyboard.press("Space");
    await answered(page);
    expect(await page.locator(".bars .best .name").textContent()).toBe("payment");
  });

  it("is walked through by keyboard from end to end, and shows where one is", async () => {
    const { page } = desk;
    await show(page, site.address, { task: "text-classification", text: "Who wrote Carmen?", panel: "inside" });
    await answered(page);
    await page.locator(".states").waitFor();
    const stops = "button, select, textarea, a, summary, input:not([hidden]), [tabindex='0']";
    // What a closed part holds is no stop.
    const all = await page
      .locator(stops)
      .evaluateAll((found) => found.filter((element) => element.checkVisibility()).length);
    const reached: number[] = [];
    for (let stop = 0; stop < all; stop++) {
      await page.keyboard.press("Tab");
      const { order, isMarked } = await page.evaluate((selector) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
        return {
          order: [...document.querySelectorAll(selector)]
            .filter((element) => element.checkVisibility())
            .indexOf(document.activeElement!),
          isMarked: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
        };
      }, stops);
      expect(isMarked, `stop ${stop}`).toBe(true);
      reached.push(order);
    }
    expect(reached).toEqual(Array.from({ length: all }, (_, order) => order));
    await page.getByRole("button", { name: "Layer 3, head 2" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".strip button").nth(2).focus();
    expect(await page.locator(".layers [aria-live]").textContent()).toContain(
      "In layer 3, head 2, wrote attends most to",
    );
  });

  it("has its colours before it paints, and nothing moves by itself", async () => {
    const { page } = await visit(browser, { colorScheme: "light" });
    await page.goto(site.address);
    await page.getByLabel("Colours").selectOption("dark");
    await page.addInitScript(() => {
      const seen = globalThis as never as { theme: string | undefined; moved: number };
      seen.moved = 0;
      new MutationObserver((_, observer) => {
        if (document.body === null) return;
        seen.theme = document.documentElement.dataset["theme"];
        observer.disconnect();
      }).observe(document, { childList: true, subtree: true });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
          if (!entry.hadRecentInput) seen.moved += entry.value;
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await show(page, site.address, { task: "text-classification", text: "Who wrote Carmen?" });
    await answered(page);
    await page.waitForTimeout(300);
    const { theme, moved } = await page.evaluate(() => {
      const seen = globalThis as never as { theme: string | undefined; moved: number };
      return { theme: seen.theme, moved: seen.moved };
    });
    expect(theme).toBe("dark");
    expect(moved).toBeLessThan(0.05);
  });

  it("leaves no error in the console", () => {
    expect([...desk.problems, ...phone.problems]).toEqual([]);
  });
};

if (executablePath !== undefined) describe("tasks in Chromium", inChromium);
