import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";
import { makeEntailment } from "./small-model.ts";
import { answered, executablePath, launch, show, visit } from "./visit.ts";

const run = promisify(execFile);

/** Where a program finds the packages of the workspace; Python's are left here for tooling/reference/run_snippets.py. */
const folder = fileURLToPath(new URL("../reports/taken-home", import.meta.url));

const tiny = (name: string) =>
  fileURLToPath(new URL(`../../../packages/pipelines/test/fixtures/${name}`, import.meta.url));

/** Models of one's own. */
const OWN = {
  entailment: join(folder, "entailment"),
  masked: tiny("masked"),
  "question-answering": tiny("question-answering"),
  choices: tiny("choices"),
} as const;

/** A shell would make something of these, and so would a string of JavaScript. */
const HARD = `It's "50%" of $HOME \\n \`date\``;

interface Case {
  readonly task: string;
  /** Of our models, or a folder of the site. */
  readonly model: string;
  readonly input: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { task: "text-classification", model: "question-classification", input: { text: `${HARD}. Who wrote Carmen?` } },
  { task: "text-classification", model: "sentiment", input: { text: "A movie", text_pair: HARD } },
  { task: "token-classification", model: "entities", input: { text: "Just saw Barack Obama in Chicago" } },
  { task: "feature-extraction", model: "sentence-encoder", input: { query: "a cat", lines: `a dog\n${HARD}` } },
  { task: "zero-shot-classification", model: "sentence-encoder", input: { text: HARD, labels: "money\nfood" } },
  {
    task: "zero-shot-classification",
    model: "entailment",
    input: { text: "a cab", labels: "bad\nfab", hypothesis_template: "It's {}.", multi_label: "yes" },
  },
  { task: "feature-extraction", model: "masked", input: { query: "good", lines: "The man" } },
  { task: "fill-mask", model: "masked", input: { text: "The [MASK] is good." } },
  {
    task: "question-answering",
    model: "question-answering",
    input: { question: "Who?", context: "Anna Smith and John" },
  },
  {
    task: "multiple-choice",
    model: "choices",
    input: { prompt: "The man laughed", choices: "he was glad\nit rained" },
  },
];

/** What the screen calls labels. */
const LABELS: Readonly<Record<string, string>> = { "a number": "NUM", positive: "POSITIVE", negative: "NEGATIVE" };

/** What the screen shows first. */
async function bestOn(page: Page, task: string): Promise<string> {
  if (task === "token-classification") return (await page.locator(".marked mark bdi").first().textContent())!;
  return (await page.locator(".bars .best .name").first().textContent())!;
}

const inChromium = () => {
  let site: Site;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await makeEntailment(OWN.entailment);
    site = await openSite(OWN);
    browser = await launch();
    ({ page } = await visit(browser));
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it.each(CASES)("$task with $model: the TypeScript and the command answer what the screen does", async (one) => {
    const { task, model, input } = one;
    const own = Object.hasOwn(OWN, model) ? OWN[model as keyof typeof OWN] : undefined;
    const source = own ? new URL(`/own/${model}/`, site.address).href : model;
    await show(page, site.address, { task, model: source, panel: "take-home", ...input });
    await answered(page);
    await page.locator(".snippet pre").nth(2).waitFor();
    const best = await bestOn(page, task);
    const [script, command, python] = await page.locator(".snippet pre").allTextContents();
    const name = join(folder, `${task}-${model}`);
    await writeFile(`${name}.ts`, script!);
    // A hub id or address is for Python what a folder is.
    await writeFile(`${name}.py`, python!.replaceAll(source, own ?? source));
    const cli = join(dirname(createRequire(import.meta.url).resolve("convbert/package.json")), "dist", "cli.js");
    const [install, ...rest] = command!.split("\n");
    expect(install).toMatch(/^npm install --global convbert/);
    const shell = `convbert() { "${process.execPath}" "${cli}" "$@"; }\n${rest.join("\n")}`;
    const [ours, theirs] = await Promise.all([
      run(process.execPath, [`${name}.ts`]),
      run("sh", ["-c", shell], { cwd: folder }),
    ]);
    const word = LABELS[best] ?? best;
    for (const { stdout } of [ours, theirs]) {
      // Vectors have no word for what is nearest; the others have.
      if (model === "masked" && task === "feature-extraction")
        expect(stdout.match(/\d\.\d+/g)!.length).toBeGreaterThan(9);
      // What is marked comes back as the model's tokens are written.
      else expect(stdout.replaceAll("\\\\", "\\").replaceAll('\\"', '"').toLowerCase()).toContain(word.toLowerCase());
    }
  });

  it("a link shows the same screen again", async () => {
    await show(page, site.address, { task: "text-classification", text: "Who wrote it?", panel: "take-home" });
    await page.getByRole("button", { name: "Copy a link to this screen" }).waitFor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy a link to this screen" }).click();
    await page.getByText("Copied").first().waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const { page: other } = await visit(browser);
    await other.goto(link);
    await answered(other);
    expect(await other.getByLabel("Text", { exact: true }).inputValue()).toBe("Who wrote it?");
    await other.locator("[data-panel=take-home] .snippet").first().waitFor();
  });
};

if (executablePath !== undefined) describe("code to take home, in Chromium", inChromium);
