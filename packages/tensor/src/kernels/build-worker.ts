import { build } from "esbuild";

/** The script of the pool's workers, with what it imports, as a module that exports it as text. */
export async function workerSource(script: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [script],
    bundle: true,
    write: false,
    minify: true,
    // Without exports it is a script as well as a module.
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["node:*"],
  });
  const text = JSON.stringify(outputFiles[0]!.text.trim());
  return `// Made by src/kernels/build.ts from wasm/threads/worker.ts; do not edit.\n\nexport const WORKER_SOURCE =\n  ${text};\n`;
}
