import { defaultClientConditions, defineConfig } from "vite";
import { licenses } from "./build/licenses.ts";
import { modelFiles, models } from "./build/models.ts";
import { offline } from "./build/offline.ts";
import { sizes } from "./build/sizes.ts";

// Shared memory (and so threads) needs a cross-origin isolated page; the same headers belong on a real deployment.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

// Not every server knows that .mjs is JavaScript.
const output = {
  assetFileNames: ({ names: [name = ""] }: { readonly names: readonly string[] }) =>
    `assets/[name]-[hash]${name.endsWith(".mjs") ? ".js" : "[extname]"}`,
};

const { page, worker } = licenses();

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es", plugins: worker, rolldownOptions: { output } },
  // ONNX Runtime's script as a file of its own, which its threads start with.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  define: { MODEL_FILES: JSON.stringify(modelFiles()) },
  plugins: [models(), page, offline(), sizes()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { output } },
  server: { headers },
  preview: { headers },
});
