import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadModel } from "@convbert/heads";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../../../tooling/config/machine.ts";
import { goldenModels } from "../../heads/test/fixtures.js";
import type { Answer, Asked, Plain } from "./browser/page.js";
import { recordedCases, relativeDifference } from "./cases.js";

const executablePath = chromiumPath();

const FLAGS = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Graphics in software, whatever the machine has.
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];

/** The package as it is published: its built files, bundled for pages. */
async function bundle(): Promise<{ script: string; files: string[] }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    entryPoints: [fileURLToPath(new URL("browser/page.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["node:*"],
    metafile: true,
    write: false,
    logLevel: "error",
  });
  return { script: outputFiles[0]!.text, files: Object.keys(metafile.inputs) };
}

it("bundles for pages from the built package, and imports no runtime of its own", async () => {
  const { files } = await bundle();
  expect(files).toContain("dist/index.js");
  expect(files.filter((file) => /^(\.\.\/\w+\/)?src\//.test(file))).toEqual([]);
});

const sequences = [
  [5, 6, 7, 8, 9, 10, 11],
  [12, 13],
  [14, 15, 16, 17],
];

const inChromium = (path: string) => () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const { script } = await bundle();
    const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
    const roots: Readonly<Record<string, string>> = {
      models: dirname(dirname(goldenModels()[0]!.folder)),
      runtime,
    };
    const types: Readonly<Record<string, string>> = {
      js: "text/javascript",
      mjs: "text/javascript",
      wasm: "application/wasm",
    };
    server = createServer(async ({ url = "/" }, response) => {
      const [, root = "", ...rest] = url.split("/");
      const content = Object.hasOwn(roots, root)
        ? await readFile(join(roots[root]!, ...rest)).catch(() => null)
        : url === "/page.js"
          ? script
          : '<!doctype html><title>models</title><script type="module" src="page.js"></script>';
      response.writeHead(content === null ? 404 : 200, {
        "Content-Type": types[url.split(".").at(-1)!] ?? "text/html",
      });
      response.end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({ executablePath: path, args: FLAGS });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.convbert !== undefined");
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  // Shaders in software take their time: the models of one variant.
  it.each(goldenModels().filter(({ variant }) => variant === "default"))(
    "$head gives on WebGPU what the reference and our engine give, padded and in batches of any lengths",
    async ({ variant, head, folder }) => {
      if (!(await page.evaluate("globalThis.convbert.hasAdapter()"))) {
        console.warn("This machine's Chromium starts no WebGPU: @convbert/onnx has only its table of operators tested");
        return;
      }
      const recorded = (await recordedCases(folder)).find(({ inputs }) => {
        const mask = inputs["attention_mask"] as Plain | undefined;
        const isPadded = mask !== undefined && Array.from(mask.data, Number).includes(0);
        return (
          isPadded && Object.keys(inputs).every((name) => /^(input_ids|attention_mask|token_type_ids)$/.test(name))
        );
      })!;
      const { origin } = new URL(page.url());
      const asked: Asked = {
        folder: `${origin}/models/${variant}/${head}`,
        modelName: head,
        inputs: Object.fromEntries(
          Object.entries(recorded.inputs as Record<string, Plain>).map(([name, { shape, data }]) => [
            name,
            { shape: [...shape], data: Array.from(data, Number) },
          ]),
        ),
        sequences,
      };
      const code = `globalThis.convbert.answer(${JSON.stringify(asked)})`;
      const [padded, ...alone] = (await page.evaluate(code)) as Answer;
      let compared = 0;
      for (const [field, expected] of Object.entries(recorded.outputs)) {
        if (!Object.hasOwn(padded!, field)) continue;
        expect(relativeDifference(padded![field]!, expected), field).toBeLessThanOrEqual(1e-5);
        compared++;
      }
      expect(compared).toBeGreaterThan(0);
      using ours = await loadModel(folder);
      const expected = await (ours as { forwardRagged(inputs: object): Promise<object[]> }).forwardRagged({
        sequences,
      });
      for (const [index, outputs] of expected.entries()) {
        for (const [field, value] of Object.entries(outputs)) {
          const difference = relativeDifference(alone[index]![field]!, value as Plain);
          expect(difference, `${field} of sequence ${index}`).toBeLessThanOrEqual(1e-5);
        }
      }
    },
  );
};

if (executablePath !== undefined) describe("a page in Chromium", inChromium(executablePath));
