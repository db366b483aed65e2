// What tests in browsers have in common.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Flags without which Chromium looks for updates and sign-in servers that have no part in a test. */
export const QUIET: readonly string[] = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Headers with which a page may share memory, and so have threads. */
export const ISOLATED: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * A script of a package's tests for pages, with the packages as they are published: their built files.
 * @returns the script, and the files in it, from the package's folder.
 */
export async function bundleForPages(packageFolder: URL, entry: URL): Promise<{ script: string; files: string[] }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(packageFolder),
    entryPoints: [fileURLToPath(entry)],
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
