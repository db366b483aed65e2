import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { type Browser, chromium, type Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForPages, ISOLATED, QUIET } from "../../../tooling/config/browser.ts";
import { chromiumPath } from "../../../tooling/config/machine.ts";
import { TFConvBertForSequenceClassification } from "../src/index.js";
import type { Answer, Asked, Backend, Plain } from "./browser/page.js";
import { folderHandler } from "./model-json.js";
import { batchOf, casesOf, FIXTURES, fixture, type Recorded, readRecordings, useBackend } from "./support.ts";

const executablePath = chromiumPath();

const FLAGS = [
  ...QUIET,
  // Graphics in software, whatever the machine has.
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  wasm: "application/wasm",
  json: "application/json",
};

const plain = (recorded: Readonly<Record<string, Recorded>>) =>
  Object.fromEntries(
    Object.entries(recorded).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]),
  );

/** How far an output lies from the recorded one, relative to the largest element of that. */
function distance(actual: Plain, { shape, data }: Recorded): number {
  const largest = Math.max(...Array.from(data, Math.abs));
  const worst = Math.max(...actual.data.map((value, index) => Math.abs(value - data[index]!)));
  return actual.shape.join() === shape.join() ? worst / largest : Number.POSITIVE_INFINITY;
}

const inChromium = (path: string) => () => {
  let server: Server;
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    const { script } = await bundleForPages(
      new URL("..", import.meta.url),
      new URL("browser/page.ts", import.meta.url),
    );
    folder = await mkdtemp(join(tmpdir(), "convbert-tfjs-page-"));
    const require = createRequire(import.meta.url);
    const wasm = dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
    const roots: Readonly<Record<string, string>> = { models: fixture(""), saved: folder, wasm };
    server = createServer(async ({ url = "/" }, response) => {
      const [, root = "", ...rest] = url.split("/");
      const headers = root === "plain" || root === "isolated" ? {} : { "Cross-Origin-Resource-Policy": "same-origin" };
      const isolation = root === "isolated" || root === "wasm" ? ISOLATED : {};
      const type = TYPES[url.split(".").at(-1)!] ?? "text/html";
      const content = Object.hasOwn(roots, root)
        ? await readFile(join(roots[root]!, ...rest)).catch(() => null)
        : url.endsWith("page.js")
          ? script
          : '<!doctype html><title>models</title><script type="module" src="page.js"></script>';
      response.writeHead(content === null ? 404 : 200, { ...headers, ...isolation, "Content-Type": type });
      response.end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({ executablePath: path, args: FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await rm(folder, { recursive: true });
  });

  const address = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

  /** Runs with the functions of a page; texts, because the page has other types than these tests. */
  async function inPage<Result>(kind: string, use: (call: (code: string) => Promise<unknown>) => Promise<Result>) {
    const context = await browser.newContext();
    const tab: Tab = await context.newPage();
    try {
      await tab.goto(address(`${kind}/`));
      await tab.waitForFunction("globalThis.convbert !== undefined");
      return await use((code) => tab.evaluate(`globalThis.convbert.${code}`));
    } finally {
      await context.close();
    }
  }

  /** What a page gives for some of the recorded models; null where it lacks the backend. */
  function answers(kind: string, backend: Backend, names: readonly (keyof typeof FIXTURES)[]) {
    return inPage(kind, async (call) => {
      if (!(await call(`choose("${backend}")`))) {
        return null;
      }
      const threads = await call("threads()");
      const distances: [string, number][] = [];
      const losses: [string, number][] = [];
      let left = 0;
      for (const name of names) {
        const recorded = casesOf(await readRecordings(fixture(name), "cases.safetensors"));
        const { fit, ...cases } = Object.fromEntries([...recorded].filter(([title]) => !title.startsWith("legacy")));
        const asked: Asked = {
          folder: address(`models/${name}`),
          modelName: `TF${FIXTURES[name]}`,
          cases: Object.fromEntries(Object.entries(cases).map(([title, each]) => [title, plain(each.in)])),
          steps: fit === undefined ? [] : [0, 1, 2].map((step) => plain(batchOf(fit.in, step))),
        };
        const answer = (await call(`answer(${JSON.stringify(asked)})`)) as Answer;
        for (const [title, outputs] of Object.entries(answer.outputs)) {
          for (const [field, output] of Object.entries(outputs)) {
            distances.push([`${name} ${title} ${field}`, distance(output, cases[title]!.out[field]!)]);
          }
        }
        for (const [step, loss] of answer.losses.entries()) {
          const expected = fit!.out["losses"]!.data[step]!;
          losses.push([`${name} step ${step}`, Math.abs(loss / expected - 1)]);
        }
        left += answer.left;
      }
      return { threads, distances, losses, left };
    });
  }

  // Shaders in software take their time: one model there. Their exp and erf are good to a few 1e-6.
  it.each([
    ["wasm, one thread", "plain", "wasm", "one", ["sequence", "masked-lm", "span"], 1e-5, 1e-4],
    ["wasm, several threads", "isolated", "wasm", "several", ["sequence", "masked-lm", "span"], 1e-5, 1e-4],
    ["webgl", "plain", "webgl", "one", ["sequence"], 1e-4, 5e-4],
    ["webgpu", "plain", "webgpu", "one", ["sequence"], 1e-4, 5e-4],
  ] as const)("%s: outputs and steps of training as TensorFlow's, nothing left", async (...given) => {
    const [, kind, backend, threads, names, most, mostOfLoss] = given;
    const found = await answers(kind, backend, names);
    if (found === null) {
      expect(backend).toBe("webgpu");
      console.warn("This machine's Chromium starts no WebGPU: @convbert/tfjs is not tested on it");
      return;
    }
    expect(found.threads).toBe(threads);
    expect(found.distances.length).toBeGreaterThanOrEqual(2 * names.length);
    expect(found.distances.filter(([, far]) => !(far <= most))).toEqual([]);
    expect(found.losses).toHaveLength(3 * names.length);
    expect(found.losses.filter(([, far]) => !(far <= mostOfLoss))).toEqual([]);
    expect(found.left).toBe(0);
  });

  it("serves what save() wrote to tf.loadLayersModel", async () => {
    await useBackend("wasm");
    const model = await TFConvBertForSequenceClassification.fromPretrained(fixture("sequence"));
    await model.save(folderHandler(folder));
    const ids = [[1, 2, 3, 4]];
    const expected = model.predict(ids) as tf.Tensor;
    const loaded = await inPage("plain", async (call) => {
      await call('choose("wasm")');
      return (await call(`load("${address("saved/model.json")}", ${JSON.stringify(ids)})`)) as Plain;
    });
    expect(distance(loaded, { shape: expected.shape, data: expected.dataSync() })).toBeLessThan(1e-6);
    tf.dispose(expected);
    model.dispose();
  });
};

it("bundles for pages from the built package, without a backend of its own choice", async () => {
  const { files } = await bundleForPages(new URL("..", import.meta.url), new URL("browser/page.ts", import.meta.url));
  expect(files).toContain("dist/index.js");
  expect(files.filter((file) => /^(\.\.\/\w+\/)?src\//.test(file))).toEqual([]);
});

if (executablePath !== undefined) describe("a page in Chromium", inChromium(executablePath));
