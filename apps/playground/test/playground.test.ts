import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../../../tooling/config/machine.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const executablePath = chromiumPath();

// Without these, Chromium looks for updates and sign-in servers that have no part in the test.
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const inChromium = (executablePath: string) => () => {
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    server = await preview({ root, preview: { host: "127.0.0.1", port: 0 }, logLevel: "error" });
    const { port } = server.httpServer.address() as { port: number };
    browser = await chromium.launch({ executablePath, args: QUIET });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.locator("[data-ready]").waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function type(text: string): Promise<void> {
    await page.getByLabel("Sentence").fill(text);
    await page.locator(`.panels[data-text=${JSON.stringify(text)}]`).waitFor();
  }

  it("answers the first example by itself", async () => {
    await page.locator(".panels").waitFor();
    expect(await page.locator(".classes .best").getAttribute("data-label")).toBe("NUM");
    expect(await page.locator(".classes li").count()).toBe(6);
  });

  it.each([
    ["Who wrote the opera Carmen?", "HUM"],
    ["Where is the Eiffel Tower?", "LOC"],
    ["What does NASA stand for?", "ABBR"],
  ])("classifies %j as %s", async (text, label) => {
    await type(text);
    expect(await page.locator(".classes .best").getAttribute("data-label")).toBe(label);
  });

  it("shows the word pieces with their ids", async () => {
    await type("What is a quasar ?");
    const pieces = await page.locator(".tokens li").allInnerTexts();
    expect(pieces.map((piece) => piece.split(/\s+/))).toEqual([
      ["[CLS]", "101"],
      ["what", "2054"],
      ["is", "2003"],
      ["a", "1037"],
      ["qu", "24209"],
      ["##asa", "16782"],
      ["##r", "2099"],
      ["?", "1029"],
      ["[SEP]", "102"],
    ]);
  });

  it("marks phrases over the very characters of the sentence", async () => {
    const text = "He reckons the current account deficit will narrow to only 1.8 billion.";
    await type(text);
    const marks = await page
      .locator(".sentence mark")
      .evaluateAll((nodes) =>
        nodes.map((node) => [node.getAttribute("data-kind"), node.firstChild?.textContent ?? ""]),
      );
    expect(marks).toContainEqual(["NP", "the current account deficit"]);
    expect(marks).toContainEqual(["VP", "will narrow"]);
    for (const [, words] of marks) {
      expect(text).toContain(words);
    }
  });

  it("copes with an empty sentence, emoji and markup", async () => {
    for (const text of ["", "👍🏽 naïve café 東京", "<b>bold</b> & <script>alert(1)</script>"]) {
      await type(text);
      expect(await page.locator(".classes li").count()).toBe(6);
    }
  });

  it("leaves a picture to look at and no error in the console", async () => {
    await type("How far is it from Denver to Aspen?");
    await mkdir(`${root}/reports`, { recursive: true });
    await page.screenshot({ path: `${root}/reports/playground.png`, fullPage: true });
    expect(problems).toEqual([]);
  });
};

if (executablePath !== undefined) describe("the playground in Chromium", inChromium(executablePath));
