// Pictures of every task and panel, in the widths and colours that visitors have, in reports/screens:
// node tools/screenshots.ts [part of a name] [width] [scheme]. Build the page first.
import { mkdir } from "node:fs/promises";
import type { Page } from "playwright-core";
import { openSite } from "../test/site.ts";
import { answered, launch, show, visit } from "../test/visit.ts";

const WIDTHS = { 1280: 900, 390: 844, 360: 740 } as const;
const SCHEMES = ["light", "dark"] as const;
const FOLDER = "reports/screens";

const LONG =
  "The committee that the parliament had appointed in the spring of last year, after a debate of three days, said on " +
  "Monday in Brussels that Pneumonoultramicroscopicsilicovolcanoconiosis would from now on be counted among the " +
  "illnesses for which the state pays, however rarely they occur and wherever the patient happens to live.";

interface Scene {
  readonly state: Record<string, string>;
  readonly ready?: (page: Page) => Promise<void>;
}

const CARMEN = { task: "text-classification", text: "Who wrote the opera Carmen?" };

const panel = (name: string, shown: string, state: Record<string, string> = CARMEN): Scene => ({
  state: { ...state, panel: name },
  ready: (page) => page.locator(shown).first().waitFor(),
});

const SCENES: Readonly<Record<string, Scene>> = {
  empty: { state: {} },
  "text-classification": { state: CARMEN, ready: answered },
  sentiment: {
    state: { task: "text-classification", model: "sentiment", text: "A gorgeous, witty, seductive movie." },
    ready: answered,
  },
  "token-classification": { state: { task: "token-classification", text: LONG }, ready: answered },
  "right-to-left": {
    state: { task: "token-classification", text: "שלום עולם, this is בדיקה of bidi text." },
    ready: answered,
  },
  "own-labels": {
    state: {
      task: "zero-shot-classification",
      text: "My card was charged twice.",
      labels: "delivery\npayment\nreturns",
    },
    ready: answered,
  },
  search: {
    state: {
      task: "feature-extraction",
      query: "Kids are outside on the lawn.",
      lines: `The children played in the garden.\nA dog ran across the street.\n${LONG}\nThe bank raised its rates.`,
    },
    ready: answered,
  },
  failed: {
    state: { ...CARMEN, text: `Who wrote it? ${"very ".repeat(600)}` },
    ready: (page) => page.locator(".failed").waitFor(),
  },
  nothing: { state: { task: "fill-mask" }, ready: (page) => page.locator(".nothing").waitFor() },
  "take-home": panel("take-home", ".snippet"),
  "own-model": panel("own-model", ".drop"),
  convert: {
    state: { ...CARMEN, panel: "convert" },
    async ready(page) {
      await page.locator("[data-panel=convert]").getByRole("button", { name: "Convert" }).click();
      await page.locator("[data-converted]").waitFor();
    },
  },
  inside: panel("inside", ".states"),
  "inside-long": panel("inside", ".states", { task: "token-classification", text: LONG }),
  runtimes: {
    state: { ...CARMEN, panel: "runtimes" },
    async ready(page) {
      await page.reload();
      await page.getByLabel("onnxruntime-web").check();
      await page.getByLabel("TensorFlow.js").check();
      await page.getByRole("button", { name: "Measure" }).click();
      await page.waitForFunction(
        () => document.querySelectorAll("[data-panel=runtimes] .bars li").length > 8,
        undefined,
        { timeout: 90_000 },
      );
      await page.getByRole("button", { name: "Measure" }).waitFor({ timeout: 90_000 });
    },
  },
  train: {
    state: { task: "text-classification", panel: "train" },
    async ready(page) {
      await page.getByRole("button", { name: "Take example lines" }).click();
      await page.locator("[data-panel=train]").getByRole("button", { name: "Train" }).click();
      await page.locator("[data-trained]").waitFor({ timeout: 120_000 });
    },
  },
};

const [, , wanted = "", onlyWidth, onlyScheme] = process.argv;
await mkdir(FOLDER, { recursive: true });
const site = await openSite();
const browser = await launch();
for (const scheme of SCHEMES) {
  for (const [width, height] of Object.entries(WIDTHS)) {
    if ((onlyWidth ?? width) !== width || (onlyScheme ?? scheme) !== scheme) continue;
    const { page, problems } = await visit(browser, {
      viewport: { width: Number(width), height },
      colorScheme: scheme,
    });
    await page.goto(site.address);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    for (const [name, { state, ready }] of Object.entries(SCENES)) {
      if (!name.includes(wanted)) continue;
      await show(page, site.address, state);
      await ready?.(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) console.log(`${name} at ${width} px is ${wide} px too wide`);
      await page.screenshot({ path: `${FOLDER}/${name}-${width}-${scheme}.png`, fullPage: true });
    }
    for (const problem of problems) console.log(`${width} ${scheme}: ${problem}`);
    await page.context().close();
  }
}
await browser.close();
await site.close();
