import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Packed } from "./install.ts";

/** What `npm install convbert` may download: code. */
const LARGEST_COMMAND = 300_000;

/**
 * The command is small, says how to get a model that is not installed, and finds one that is in the project where it is used.
 * Gives the sizes.
 */
export function checkModels(project: string, packages: readonly Packed[]): string {
  const { tarball } = packages.find(({ manifest }) => manifest.name === "convbert")!;
  const { size } = statSync(tarball);
  if (size > LARGEST_COMMAND) throw new Error(`convbert's tarball has ${size} bytes`);
  const elsewhere = join(project, "elsewhere");
  const name = "node_modules/@convbert/model-sentiment";
  mkdirSync(join(elsewhere, "node_modules/@convbert"), { recursive: true });
  renameSync(join(project, name), join(elsewhere, name));
  try {
    const missing = sentiment(project, project);
    if (
      missing.status !== 2 ||
      missing.stdout !== "" ||
      !/npm install @convbert\/model-sentiment\n$/.test(missing.stderr)
    )
      throw new Error(`a model that is not installed: ${missing.stderr}${missing.stdout}`);
    const found = sentiment(project, elsewhere);
    if (found.status !== 0 || !found.stdout.includes("POSITIVE"))
      throw new Error(`a model of the project where the command is used: ${found.stderr}`);
  } finally {
    renameSync(join(elsewhere, name), join(project, name));
  }
  return `convbert is ${(size / 1000).toFixed(0)} kB to download; models are found where they are installed, and named where not`;
}

function sentiment(project: string, cwd: string) {
  const command = join(project, "node_modules/convbert/dist/cli.js");
  const args = [command, "run", "text-classification", "--model", "sentiment", "--json", "a fine film"];
  // Without the folders that pnpm's launchers name to Node, where the workspace's own models are.
  const { NODE_PATH: _, ...env } = process.env;
  return spawnSync(process.execPath, args, { cwd, env, encoding: "utf8", timeout: 60_000 });
}
