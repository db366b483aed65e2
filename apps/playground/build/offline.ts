import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Runtimes of others: megabytes, kept when they are used. */
const ON_DEMAND = /\.wasm$|\/(onnx|ort-wasm-simd-threaded|run-graph|tfjs)-/;

/** Writes `service-worker.js` with the names of all files of the page; models are cached by the packages themselves. */
export function offline(): Plugin {
  return {
    name: "convbert-offline",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const names = Object.keys(bundle).filter((name) => !name.startsWith("models/") && !/\.(map|md)$/.test(name));
        const files = [
          "./",
          "theme.js",
          "icon.svg",
          ...names.filter((name) => name !== "index.html" && !ON_DEMAND.test(name)),
        ];
        const source = readFileSync(new URL("service-worker.js", import.meta.url), "utf8");
        const page = bundle["index.html"];
        const html = page?.type === "asset" ? String(page.source) : "";
        const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1];
        if (policy === undefined) throw new Error("index.html has no Content-Security-Policy");
        const hash = createHash("sha256");
        for (const name of names) {
          const file = bundle[name]!;
          hash.update(file.type === "asset" ? file.source : file.code);
        }
        this.emitFile({
          type: "asset",
          fileName: "service-worker.js",
          source: source
            .replace('"@files"', JSON.stringify(files))
            .replace("@policy", policy)
            .replace("@version", hash.update(source).digest("hex").slice(0, 16)),
        });
      },
    },
  };
}
