import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadModel } from "@convbert/heads";
import { pipeline } from "@convbert/pipelines";
import { installedModel } from "convbert";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { answered, downloaded, drop, executablePath, launch, seriousFaults, show, type Visit, visit } from "./visit.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const CARMEN = { task: "text-classification", text: "Who wrote the opera Carmen?" };

const inChromium = () => {
  let site: Site;
  let browser: Browser;
  let visitor: Visit;
  let page: Page;

  beforeAll(async () => {
    site = await openSite();
    browser = await launch();
    visitor = await visit(browser);
    page = visitor.page;
    // From the second load on the page is isolated, and threads can run.
    await page.goto(site.address);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  async function open(panel: string, state: Record<string, string> = CARMEN): Promise<void> {
    await show(page, site.address, { ...state, panel });
    await page.locator(`[data-panel=${panel}] > :nth-child(2)`).waitFor();
  }

  async function cells(table: string): Promise<string[][]> {
    await page.getByText(table, { exact: true }).click();
    const rows = page.locator("details[open] tbody tr");
    await rows.first().waitFor();
    const found = await rows.evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent!)),
    );
    await page.getByText(table, { exact: true }).click();
    return found;
  }

  it("looks inside: tokens, attention and kernels are the model's", async () => {
    await open("inside");
    await page.locator(".states").waitFor();
    expect((await cells("Table of tokens, fast and slow")).slice(0, 3)).toEqual([
      ["0", "[CLS]", "101", "–", "–", "", "[CLS]", "101"],
      ["1", "who", "2040", "0", "0–3", "Who", "who", "2040"],
      ["2", "wrote", "2626", "1", "4–9", "wrote", "wrote", "2626"],
    ]);
    await page.getByRole("button", { name: "Layer 2, head 1" }).click();
    const [attention, kernels] = [await cells("Attention as a table"), await cells("Kernels as a table")];
    using model = await loadModel(installedModel("question-classification"));
    const ids = [101, 2040, 2626, 1996, 3850, 11425, 1029, 102];
    const output = (await model.forward({
      input_ids: [ids],
      output_attentions: true,
      output_kernels: true,
    } as never)) as unknown as Record<"attentions" | "kernels", { get(...place: number[]): number }[]>;
    // Node and the browser may keep 7 and 8 bits of what they multiply: then shares differ by hundredths.
    const close = (shown: string | undefined, expected: number) =>
      expect(Math.abs(Number(shown) - expected)).toBeLessThan(0.03);
    for (let token = 0; token < ids.length; token++) {
      for (let other = 0; other < ids.length; other++) {
        close(attention[token]![other], output.attentions[1]!.get(0, 0, token, other));
      }
      for (let tap = 0; tap < 9; tap++) {
        close(kernels[token]![tap], output.kernels[1]!.get(0, token, 0, tap));
      }
    }
    await page.locator(".strip button").nth(3).hover();
    expect(await page.locator(".layers [aria-live]").textContent()).toContain(
      "In layer 2, head 1, the attends most to",
    );
    await page.screenshot({ path: "reports/inside.png", fullPage: true });
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("marks where the slow tokenizer differs, and places in the second text", async () => {
    await open("inside", { task: "text-classification", text: "see a\u0378b", text_pair: "two texts" });
    await page.locator(".tokens").waitFor();
    const rows = await cells("Table of tokens, fast and slow");
    // A code point that Unicode has not assigned: unknown to the one, removed by the other.
    expect(rows[2]!.slice(1)).toEqual(["[UNK]", "100", "1", "4–7", "a\u0378b", "ab", "11113"]);
    expect(await page.locator(".tokens .differs").count()).toBe(1);
    expect(rows.at(-2)!.slice(1, 6)).toEqual(["texts", "6981", "1", "4–9", "texts"]);
  });

  it("converts: a download in another format is the same model", async () => {
    await open("convert");
    await page.getByLabel("Format").selectOption("pytorch");
    await page.locator("[data-panel=convert]").getByRole("button", { name: "Convert" }).click();
    await page.locator("[data-converted]").waitFor();
    const files = await downloaded(page, "Download");
    const companions = ["vocab.txt", "README.md", "LICENSE"];
    expect(Object.keys(files)).toEqual(expect.arrayContaining(["config.json", "pytorch_model.bin", ...companions]));
    using classify = await pipeline("text-classification", files);
    using original = await pipeline("text-classification", installedModel("question-classification"), {
      dtype: "float32",
    });
    const [[ours], [theirs]] = [await classify(CARMEN.text), await original(CARMEN.text)];
    expect(ours).toEqual({ label: theirs!.label, score: expect.closeTo(theirs!.score, 5) });
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("measures every runtime, one thread and many, float32 and int8, with the same outputs", async () => {
    await open("runtimes");
    expect(await page.locator("[data-panel=runtimes]").textContent()).toContain("is isolated from others");
    await page.getByLabel("onnxruntime-web").check();
    await page.getByLabel("TensorFlow.js").check();
    await page.getByRole("button", { name: "Measure" }).click();
    const rows = page.locator("[data-panel=runtimes] .bars li");
    await expect.poll(() => rows.count(), { timeout: 90_000 }).toBe(9);
    const many = await page.evaluate(() => Math.min(8, Math.max(2, navigator.hardwareConcurrency)));
    const said = async (setting: string) => page.locator(`[data-label="${setting}"] .below`).textContent();
    const gap = async (setting: string) => Number(/differ by (\S+)$/.exec((await said(setting))!)![1]);
    expect(await said("ConvBERT's own float32, 1 thread")).toContain("the others are compared with it");
    expect(await said(`ConvBERT's own float32, ${many} threads`)).toContain("outputs are equal");
    for (const dtype of ["ConvBERT's own int8, 1 thread", `onnxruntime-web int8, ${many} threads`]) {
      expect(await gap(dtype)).toBeGreaterThan(0);
      expect(await gap(dtype)).toBeLessThan(0.1);
    }
    for (const setting of ["onnxruntime-web float32, 1 thread", "TensorFlow.js float32, 1 thread"]) {
      expect(await gap(setting)).toBeLessThan(1e-4);
    }
    expect(await gap(`onnxruntime-web float32, ${many} threads`)).toBeLessThan(1e-4);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("gives code that runs, and a link", async () => {
    await open("take-home");
    const code = await page.locator(".snippet pre").first().textContent();
    const file = `${root}/reports/taken-home.ts`;
    await writeFile(file, code!);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: root });
    await rm(file);
    expect(stdout).toContain("HUM");
    expect(await page.locator(".snippet pre").nth(1).textContent()).toContain(
      "convbert run text-classification --model 'question-classification' --top-k all 'Who wrote the opera Carmen?'",
    );
    expect(await page.locator(".snippet pre").nth(2).textContent()).toContain(
      'pipeline("text-classification", "./question-classification")',
    );
    expect(await seriousFaults(page)).toEqual([]);
  });

  it("trains on labelled lines: stops, goes on, answers, and downloads what it has learnt", async () => {
    await open("train", { task: "fill-mask" });
    await page.getByRole("button", { name: "Take example lines" }).click();
    // The smaller of those that one can start from.
    await page.getByLabel("Start from").selectOption("sentiment");
    await page.locator("[data-panel=train]").getByRole("button", { name: "Train" }).click();
    await page.getByText(/^Step \d/).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped. It can go on from here.").waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator("[data-trained]").waitFor({ timeout: 90_000 });
    expect(await page.locator("[data-trained] p").first().textContent()).toMatch(
      /^Trained in \d+ steps; \d+% of the 19 lines/,
    );
    await page.screenshot({ path: "reports/train.png", fullPage: true });
    expect(await seriousFaults(page)).toEqual([]);
    const files = await downloaded(page, "Download (safetensors)");
    // The graph of the same model: its weights come home.
    const graph = await downloaded(page, "Download (ONNX)");
    expect(Object.keys(graph)).toEqual(expect.arrayContaining(["onnx/model.onnx", "config.json", "tokenizer.json"]));
    using fromGraph = await pipeline("text-classification", graph);
    expect((await fromGraph("Turn up the opera."))[0]!.label).toBe("music");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByLabel("Text", { exact: true }).fill("Turn up the opera.");
    await answered(page);
    const shown = await page.locator(".bars .best .name").textContent();
    using classify = await pipeline("text-classification", files);
    const [best] = await classify("Turn up the opera.");
    expect(best!.label).toBe("music");
    expect(shown).toBe("music");
  });

  it("says what is wrong with lines that have no labels", async () => {
    await open("train", { task: "fill-mask" });
    // As a file that is dropped.
    const file = `${root}/reports/lines.txt`;
    await writeFile(file, "word\n\nanother");
    await drop(page, ".tabbed", [file]);
    await expect.poll(() => page.getByLabel("Labelled lines").inputValue()).toBe("word\n\nanother");
    await rm(file);
    await page.locator("[data-panel=train]").getByRole("button", { name: "Train" }).click();
    expect(await page.locator(".failed").textContent()).toContain("lines.txt:1");
  });

  it("leaves no error in the console", () => {
    expect(visitor.problems).toEqual([]);
  });
};

if (executablePath !== undefined) describe("panels in Chromium", inChromium);
