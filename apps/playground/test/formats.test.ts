import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onnxRuntime } from "@convbert/onnx";
import { pipeline } from "@convbert/pipelines";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { FORMATS, makeEncoder, makeQuantizedGraph } from "./small-model.ts";
import { answered, downloaded, executablePath, launch, seriousFaults, show, visit } from "./visit.ts";

const QUERY = "a cab";

const inChromium = () => {
  let root: string;
  let site: Site;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "playground-"));
    for (const format of FORMATS) await makeEncoder(join(root, format), format);
    await makeQuantizedGraph(join(root, "quantized"));
    site = await openSite();
    browser = await launch();
    ({ page } = await visit(browser));
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(root, { recursive: true });
  });

  /** Opens a folder and takes it for a task. */
  async function take(folder: string, task: string): Promise<void> {
    await show(page, site.address, { task: "text-classification", panel: "own-model" });
    await page.getByLabel("Folder of a model").setInputFiles(join(root, folder));
    await page.locator("[data-tasks]").getByRole("button", { name: task }).click();
  }

  it.each(FORMATS)("%s comes in, and goes out in every format as the same model", async (format) => {
    await take(format, "Search by meaning");
    await page.getByLabel("Query").fill(QUERY);
    await page.getByLabel("Your lines").fill("cab\nbad");
    await answered(page);
    const facts = await page.locator(".facts").textContent();
    expect(facts).toMatch(format === "onnx" ? /onnxruntime/ : /wasm/);
    await page.getByRole("button", { name: "Convert any format" }).click();
    using original = await pipeline("feature-extraction", join(root, "safetensors"));
    const expected = await original(QUERY, { pooling: "mean" });
    for (const to of FORMATS) {
      await page.getByLabel("Format").selectOption(to);
      await page.locator("[data-panel=convert]").getByRole("button", { name: "Convert" }).click();
      await page.locator(`[data-converted$="-${to}-float32.zip"]`).waitFor();
      const files = await downloaded(page, "Download");
      using made = await pipeline("feature-extraction", files);
      const vector = await made(QUERY, { pooling: "mean" });
      const gap = vector.data.reduce((most, value, at) => Math.max(most, Math.abs(value - expected.data[at]!)), 0);
      expect(gap, to).toBeLessThan(1e-5);
    }
  });

  it("a graph of 8 bits alone runs in onnxruntime-web, and says what it cannot do", async () => {
    await take("quantized", "Classify a text");
    expect(await page.locator("[data-part=Weights]").textContent()).toMatch(/model_quantized\.onnx .*no more/);
    await page.getByLabel("Text", { exact: true }).fill(QUERY);
    await answered(page);
    expect(await page.locator(".facts").textContent()).toContain("onnx/model_quantized.onnx");
    const ort = await import("onnxruntime-web/wasm");
    ort.env.wasm.numThreads = 1;
    using classify = await pipeline("text-classification", join(root, "quantized"), {
      runtime: onnxRuntime(ort, { file: "onnx/model_quantized.onnx" }),
    });
    const [best] = await classify(QUERY);
    expect(await page.locator(".bars .best .name").textContent()).toBe(best!.label);
    expect(await page.locator(".bars .best .value").textContent()).toBe(`${(best!.score * 100).toFixed(1)}%`);
    await page.getByRole("button", { name: "Look inside" }).click();
    await expect
      .poll(() => page.locator(".panel .failed").textContent())
      .toContain("There is a graph alone (onnx/model_quantized.onnx)");
    expect(await seriousFaults(page)).toEqual([]);
  });
};

if (executablePath !== undefined) describe("formats in Chromium", inChromium);
