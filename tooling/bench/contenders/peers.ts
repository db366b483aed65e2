import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Import a package that setup.mjs installed, with its version. */
export async function importPeer<Module>(name: string): Promise<{ module: Module; version: string }> {
  const peers = fileURLToPath(new URL("../.peers/package.json", import.meta.url));
  const manifest = join(peers, "..", "node_modules", name, "package.json");
  if (!existsSync(manifest)) throw new Error(`${name} is not installed; run once: node tooling/bench/setup.mjs`);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const imported = await import(pathToFileURL(createRequire(peers).resolve(name)).href);
  return { module: imported.default ?? imported, version };
}
