import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import type { Packed } from "./install.ts";

/** What no page imports, and what is the bundle of another address: a package's `internal`, and a package as `convbert/...`. */
const NOT_FOR_PAGES = /^@convbert\/tokenizer\/worker$|\/internal$|^convbert\//;

/**
 * Bundles an entry for browsers with esbuild and with vite, as people do: no externals, no settings. Gives the gzipped
 * bytes of esbuild's minified bundle without what it loads on demand; throws at any warning.
 */
export async function bundleEntry(project: string, entry: string): Promise<number> {
  const name = entry.replaceAll(/[^\w]+/g, "-");
  writeFileSync(
    join(project, `${name}.mjs`),
    `import * as all from ${JSON.stringify(entry)};\nglobalThis.all = all;\n`,
  );
  writeFileSync(join(project, `${name}.html`), `<script type="module" src="./${name}.mjs"></script>\n`);
  const { outputFiles, warnings } = await esbuild({
    absWorkingDir: project,
    entryPoints: [`${name}.mjs`],
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    outdir: "bundles",
    write: false,
    logLevel: "silent",
  });
  if (warnings.length > 0) throw new Error(`esbuild ${entry}: ${warnings.map(({ text }) => text).join("; ")}`);
  const said: string[] = [];
  const warn = (message: string): void => void said.push(message);
  await vite({
    root: project,
    configFile: false,
    logLevel: "warn",
    clearScreen: false,
    // A bundle of everything is large; that is what is asked for here. How long plugins take says nothing of the bundle.
    build: {
      write: false,
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: { input: join(project, `${name}.html`), checks: { pluginTimings: false } },
    },
    customLogger: {
      hasWarned: false,
      info: () => {},
      warn,
      warnOnce: warn,
      error: warn,
      clearScreen: () => {},
      hasErrorLogged: () => false,
    },
  });
  if (said.length > 0) throw new Error(`vite ${entry}: ${said.join("; ")}`);
  const own = outputFiles.find(({ path }) => path.endsWith(`${name}.js`));
  return gzipSync(own!.contents).length;
}

export function pageEntries(packages: readonly Packed[]): string[] {
  return packages.flatMap(({ entries }) => entries).filter((entry) => !NOT_FOR_PAGES.test(entry));
}
