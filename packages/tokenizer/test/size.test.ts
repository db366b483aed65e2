import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const resolveDir = fileURLToPath(new URL("..", import.meta.url));

interface Sizes {
  /** Bytes that a page loads before it can tokenize a text by a vocabulary: what is imported, minified and gzipped. */
  readonly alone: number;
  /** The same with `@convbert/files`, which is loaded when a tokenizer is opened by its name. */
  readonly withFiles: number;
}

async function gzippedSizes(names: string): Promise<Sizes> {
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
  /** A script and all that it imports. */
  const load = (path: string, loaded: Set<string>): Set<string> => {
    if (loaded.has(path)) return loaded;
    loaded.add(path);
    for (const { kind, path: next } of metafile.outputs[path]!.imports)
      if (kind === "import-statement") load(next, loaded);
    return loaded;
  };
  const gzipped = (loaded: ReadonlySet<string>): number => {
    const scripts = [...loaded].map((path) => path.split("/").at(-1)!);
    const texts = outputFiles.filter((file) => scripts.includes(file.path.split(/[/\\]/).at(-1)!));
    return gzipSync(texts.map(({ text }) => text).join("\n"), { level: 9 }).length;
  };
  const start = Object.keys(metafile.outputs).find((path) => path.endsWith("stdin.js"))!;
  const alone = load(start, new Set());
  const [files] = Object.entries(metafile.outputs).find(([, { entryPoint }]) =>
    entryPoint?.endsWith("files/src/index.ts"),
  )!;
  return { alone: gzipped(alone), withFiles: gzipped(load(files, new Set(alone))) };
}

test.each(["ConvBertTokenizerFast", "ConvBertTokenizer"])(
  "%s is 20 KB at most, gzipped, without a vocabulary; 40 KB with what opens folders and hub ids",
  async (name) => {
    const { alone, withFiles } = await gzippedSizes(name);
    expect(alone).toBeLessThanOrEqual(20 * 1024);
    expect(withFiles).toBeGreaterThan(alone);
    expect(withFiles).toBeLessThanOrEqual(40 * 1024);
  },
);
