import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const resolveDir = fileURLToPath(new URL("..", import.meta.url));

/** Bytes that a page loads before it can tokenize: what is imported, minified and gzipped, without what loads later. */
async function gzippedSize(names: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${names} } from "./src/index.ts"`, resolveDir },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    conditions: ["@convbert/source"],
    external: ["node:*"],
    outdir: "out",
    write: false,
    metafile: true,
  });
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { kind, path: next } of metafile.outputs[path]!.imports) if (kind === "import-statement") load(next);
  };
  load(Object.keys(metafile.outputs).find((path) => path.endsWith("stdin.js"))!);
  const names_ = [...loaded].map((path) => path.split("/").at(-1)!);
  const text = outputFiles.filter(({ path }) => names_.includes(path.split(/[/\\]/).at(-1)!)).map((file) => file.text);
  return gzipSync(text.join("\n"), { level: 9 }).length;
}

test.each(["ConvBertTokenizerFast", "ConvBertTokenizer"])(
  "%s is 20 KB at most, gzipped, without a vocabulary",
  async (name) => {
    expect(await gzippedSize(name)).toBeLessThanOrEqual(20 * 1024);
  },
);
