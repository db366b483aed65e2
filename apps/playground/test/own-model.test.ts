import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedModel } from "convbert";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { makeEntailment } from "./small-model.ts";
import { answered, drop, executablePath, launch, seriousFaults, show, visit } from "./visit.ts";

/** Of a busy machine. */
const PATIENCE = { timeout: 30_000 };

const inChromium = () => {
  let folder: string;
  let site: Site;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "playground-")), "entailment");
    await makeEntailment(folder);
    const tiny = (name: string) =>
      fileURLToPath(new URL(`../../../packages/pipelines/test/fixtures/${name}`, import.meta.url));
    site = await openSite({
      entailment: folder,
      masked: tiny("masked"),
      "question-answering": tiny("question-answering"),
      choices: tiny("choices"),
    });
    browser = await launch();
    ({ page } = await visit(browser));
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(join(folder, ".."), { recursive: true });
  });

  const open = () => show(page, site.address, { task: "zero-shot-classification", panel: "own-model" });
  const part = (name: string) => page.locator(`[data-part=${name}]`);

  it("runs a folder that was chosen: labels of one's own, and the other tasks that it can do", async () => {
    await open();
    await page.getByLabel("Folder of a model").setInputFiles(folder);
    await page.locator("[data-tasks]").waitFor();
    expect(await part("Weights").textContent()).toMatch(/✓ Weights pytorch_model\.bin .*, \d+ tensors/);
    expect(await page.locator("[data-tasks]").getAttribute("data-tasks")).toBe(
      "text-classification zero-shot-classification feature-extraction",
    );
    expect(await seriousFaults(page)).toEqual([]);
    await page.locator("[data-tasks]").getByRole("button", { name: "Your own labels" }).click();
    await page.getByLabel("Text", { exact: true }).fill("A late goal decided the match.");
    await page.getByLabel("Labels, one a line").fill("sport\nשלום\nfood");
    await answered(page);
    expect((await page.locator(".bars .name").allTextContents()).sort()).toEqual(["food", "sport", "שלום"]);
    await page.screenshot({ path: "reports/own-labels.png", fullPage: true });
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("runs a folder that was dropped, the folders within it included", async () => {
    const outer = join(folder, "..", "outer");
    await mkdir(join(outer, "onnx"), { recursive: true });
    for (const name of await readdir(folder)) await copyFile(join(folder, name), join(outer, name));
    await writeFile(join(outer, "onnx", "note.txt"), "within");
    await open();
    await drop(page, ".drop", [outer]);
    await page.locator("[data-tasks]").waitFor();
    expect(await page.locator(".described details p").textContent()).toContain("onnx/note.txt");
    await page.locator("[data-tasks]").getByRole("button", { name: "Classify a text" }).click();
    await page.getByLabel("Text", { exact: true }).fill("A text");
    await answered(page);
    expect(await page.locator(".model select").inputValue()).toBe("outer");
  });

  it("runs files that were dropped", async () => {
    await open();
    await drop(
      page,
      ".drop",
      (await readdir(folder)).map((name) => join(folder, name)),
    );
    await page.locator("[data-tasks]").getByRole("button", { name: "Classify a text" }).click();
    await page.getByLabel("Text", { exact: true }).fill("A text");
    await answered(page);
    expect(await page.locator(".model select").inputValue()).toBe("pytorch_model.bin");
  });

  it("runs a folder at an address", async () => {
    await open();
    await page.getByLabel("Address of a folder, or a hub id").fill(new URL("/own/entailment/", site.address).href);
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.locator("[data-tasks]").getByRole("button", { name: "Classify a text" }).click();
    await page.getByLabel("Text", { exact: true }).fill("A text");
    await answered(page);
    expect((await page.locator(".bars .name").allTextContents()).sort()).toEqual([
      "contradiction",
      "entailment",
      "neutral",
    ]);
  });

  it.each([
    ["masked", "Fill in words", { "Text with [MASK]": "The [MASK] is good." }],
    ["question-answering", "Answer a question", { Question: "Who?", "Text with the answer": "Anna Smith and John" }],
    [
      "choices",
      "Choose what follows",
      { Beginning: "The man laughed", "Choices, one a line": "he was glad\nit rained" },
    ],
  ])("does with one of the kind %s what no model of the page can: %s", async (name, title, typed) => {
    await open();
    await page.getByLabel("Address of a folder, or a hub id").fill(new URL(`/own/${name}/`, site.address).href);
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.locator("[data-tasks]").getByRole("button", { name: title }).click();
    for (const [label, text] of Object.entries(typed)) await page.getByLabel(label, { exact: true }).fill(text);
    await answered(page);
    expect(await page.locator(".bars .name").count()).toBeGreaterThan(1);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("says in place what is missing and what is damaged", async () => {
    await open();
    const files = (...names: string[]) => names.map((name) => join(folder, name));
    await page.getByLabel("Files of a model").setInputFiles(files("config.json", "pytorch_model.bin"));
    await page.locator("[data-tasks='']").waitFor();
    expect(await part("Configuration").textContent()).toContain("✓ Configuration config.json: 2 layers");
    expect(await part("Tokenizer").textContent()).toMatch(/✗ Tokenizer .*vocab/);
    await page.getByLabel("Files of a model").setInputFiles(files("config.json", "vocab.txt"));
    await expect
      .poll(() => part("Weights").textContent(), PATIENCE)
      .toContain("There are no weights: add model.safetensors");
    const shipped = fileURLToPath(installedModel("sentiment"));
    const whole = await readFile(join(shipped, "model.safetensors"));
    await writeFile(join(folder, "..", "model.safetensors"), whole.subarray(0, whole.length / 2));
    await page
      .getByLabel("Files of a model")
      .setInputFiles([
        join(folder, "..", "model.safetensors"),
        join(shipped, "config.json"),
        join(shipped, "vocab.txt"),
      ]);
    await expect.poll(() => part("Weights").textContent(), PATIENCE).toMatch(/✗ Weights .*model\.safetensors/);
    await page.getByLabel("Files of a model").setInputFiles({
      name: "model.onnx",
      mimeType: "application/octet-stream",
      buffer: Buffer.from("onnx"),
    });
    await expect.poll(() => part("Weights").textContent(), PATIENCE).toContain("model.onnx");
    expect(await part("Configuration").textContent()).toContain("config.json is not among the files given");
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("says when an address has no model, and when it is none", async () => {
    await open();
    for (const [address, words] of [
      [new URL("/own/nothing/", site.address).href, /config\.json/],
      ["not a model", /hub id|name/],
    ] as const) {
      await page.getByLabel("Address of a folder, or a hub id").fill(address);
      await page.getByRole("button", { name: "Open", exact: true }).click();
      await expect.poll(() => page.locator(".failed, .described").last().textContent(), PATIENCE).toMatch(words);
    }
  });
};

if (executablePath !== undefined) describe("own models in Chromium", inChromium);
