import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** Bytes, gzipped, that a first visit may load. */
const MOST_AT_FIRST = 150_000;

const PANELS = ["inside", "own-model", "train", "convert", "runtimes", "take-home"];

/** What the worker loads for others' runtimes. */
const RUNTIMES = {
  "onnxruntime-web": /\/(onnx|run-graph|ort-wasm-simd-threaded)-/,
  "TensorFlow.js": /\/(tfjs-(?!backend-wasm-[\w-]*\.wasm)|tfjs-backend-wasm-simd)/,
} as const;

/** Prints what a first visit loads, and what each panel and runtime adds; a first visit over its bar fails the build. */
export function sizes(): Plugin {
  return {
    name: "convbert-sizes",
    apply: "build",
    writeBundle: {
      order: "post",
      handler({ dir = "dist" }, bundle) {
        const size = (name: string) => gzipSync(readFileSync(join(dir, name))).length;
        const all = Object.keys(bundle);
        const total = (names: Iterable<string>) => [...new Set(names)].reduce((sum, name) => sum + size(name), 0);
        const entry = Object.values(bundle).find(
          (file) => file.type === "chunk" && file.isEntry,
        ) as Rolldown.OutputChunk;
        const first = new Set([
          ...withImports(bundle, entry.fileName),
          ...all.filter((name) => /(^index\.html|\/index-[^/]*\.css|\/worker-[^/]*\.js)$/.test(name)),
          "theme.js",
          "icon.svg",
        ]);
        const rows: [string, number][] = [["first visit", total(first)]];
        for (const panel of PANELS) {
          const chunk = all.find(
            (name) => new RegExp(`/${panel}-[^/]*\\.js$`).test(name) && bundle[name]?.type === "chunk",
          );
          if (chunk === undefined) continue;
          const added = withImports(bundle, chunk).filter((name) => !first.has(name));
          rows.push([`panel ${panel}`, total(added)]);
        }
        for (const [runtime, pattern] of Object.entries(RUNTIMES)) {
          rows.push([runtime, total(all.filter((name) => pattern.test(name)))]);
        }
        for (const [what, bytes] of rows)
          console.log(`${what.padEnd(24)} ${(bytes / 1000).toFixed(1).padStart(8)} kB gzipped`);
        if (rows[0]![1] > MOST_AT_FIRST)
          throw new Error(`A first visit loads ${rows[0]![1]} B, more than ${MOST_AT_FIRST}`);
      },
    },
  };
}

/** A chunk with what it imports at once, and their styles. */
function withImports(bundle: Rolldown.OutputBundle, name: string, found = new Set<string>()): string[] {
  const chunk = bundle[name];
  if (chunk?.type !== "chunk" || found.has(name)) return [...found];
  found.add(name);
  for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
  for (const other of chunk.imports) withImports(bundle, other, found);
  return [...found];
}
