import { defineConfig } from "vite";
import { modelFiles, models } from "./build/models.ts";
import { offline } from "./build/offline.ts";

// Shared memory (and so threads) needs a cross-origin isolated page; the same headers belong on a real deployment.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  define: { MODEL_FILES: JSON.stringify(modelFiles()) },
  plugins: [models(), offline()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { headers },
  preview: { headers },
});
