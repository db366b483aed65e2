import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  name: string;
  private?: boolean;
  exports: Record<string, unknown>;
}

const root = fileURLToPath(new URL("../../packages/", import.meta.url));

/** Runs a command to its end and gives its standard output. Throws with what it printed, also when it takes too long. */
export function run(command: string, args: readonly string[], cwd: string, seconds = 120): string {
  const name = [command, ...args].join(" ").slice(0, 200);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    timeout: seconds * 1000,
    maxBuffer: 1 << 28,
  });
  if (error !== undefined || status !== 0) {
    const why = error === undefined ? `ended with code ${status}` : `failed: ${error.message}`;
    throw new Error(`${name} ${why}\n${stdout?.slice(-4000) ?? ""}${stderr?.slice(-4000) ?? ""}`);
  }
  return stdout;
}

/**
 * Packs every published package and installs the tarballs in an empty folder with npm, as a stranger would. Gives what
 * can be imported. Needs a build; throws when a package lacks a file or has one too many.
 */
export function installPackages(project: string): string[] {
  const entries: string[] = [];
  const tarballs: Record<string, string> = {};
  for (const folder of readdirSync(root).map((name) => join(root, name))) {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
    if (manifest.private) {
      continue;
    }
    const packed = JSON.parse(run("pnpm", ["pack", "--json", "--pack-destination", project], folder)) as {
      filename: string;
      files: { path: string }[];
    };
    tarballs[manifest.name] = `file:${packed.filename}`;
    const paths = packed.files.map(({ path }) => path);
    for (const needed of ["package.json", "README.md", "dist/index.js", "dist/index.d.ts"]) {
      if (!paths.includes(needed)) {
        throw new Error(`${manifest.name}: the package lacks ${needed}`);
      }
    }
    const foreign = paths.filter((path) => /^(src|test|kernels|assembly)\//.test(path));
    if (foreign.length > 0) {
      throw new Error(`${manifest.name}: the package holds ${foreign.slice(0, 3).join(", ")}`);
    }
    const own = Object.keys(manifest.exports).filter((path) => !path.includes("*") && !path.endsWith(".json"));
    entries.push(...own.map((path) => manifest.name + path.slice(1)));
  }
  // The overrides keep npm from asking the registry for versions that are not published yet.
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]));
  const stranger = { name: "stranger", private: true, type: "module", dependencies: tarballs, overrides };
  writeFileSync(join(project, "package.json"), JSON.stringify(stranger));
  console.error("installing the packed packages and what they depend on");
  // "http" names the addresses that were asked, should one of them not answer.
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=http"], project, 300);
  return entries;
}
