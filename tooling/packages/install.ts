import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What a manifest says to those who install the package. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly keywords?: readonly string[];
  readonly engines?: { readonly node?: string };
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package that is published, packed. */
export interface Packed {
  readonly manifest: Manifest;
  /** From the root of the clone. */
  readonly folder: string;
  readonly tarball: string;
  /** Paths in the tarball. */
  readonly files: readonly string[];
  /** What can be imported: the name, and the name with each subpath that is code. */
  readonly entries: readonly string[];
}

const root = fileURLToPath(new URL("../../packages/", import.meta.url));

/** Runs a command to its end and gives its standard output. Throws with what it printed, also when it takes too long. */
export function run(command: string, args: readonly string[], cwd: string, seconds = 120, env = process.env): string {
  const name = [command, ...args].join(" ").slice(0, 200);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
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

/** Folders below packages/ that hold a manifest, also where packages stand in a folder of their own kind. */
function packageFolders(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /^[\w-]+(\/[\w-]+)?\/package\.json$/.test(path) && !path.includes("node_modules"))
    .map((path) => join(root, dirname(path)))
    .sort();
}

/** Packs every published package as `pnpm publish` would. Needs a build. */
export function packPackages(destination: string): Packed[] {
  return packageFolders().flatMap((folder) => {
    const source = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
    if (source.private) return [];
    const packed = JSON.parse(run("pnpm", ["pack", "--json", "--pack-destination", destination], folder)) as {
      filename: string;
      files: { path: string }[];
    };
    const own = Object.keys(source.exports).filter((path) => !path.includes("*") && !path.endsWith(".json"));
    return {
      manifest: source,
      folder: relative(join(root, ".."), folder),
      tarball: packed.filename,
      files: packed.files.map(({ path }) => path),
      entries: own.map((path) => source.name + path.slice(1)),
    };
  });
}

/** What examples import besides: peers leave their users a choice. */
const CHOSEN = Object.fromEntries(
  ["core", "layers", "data", "backend-cpu"].map((part) => [`@tensorflow/tfjs-${part}`, "4.22.0"]),
);

/** Installs the tarballs in an empty folder with npm, as their users do. */
export function installPackages(project: string, packages: readonly Packed[]): void {
  const tarballs = Object.fromEntries(packages.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]));
  // The overrides keep npm from asking the registry for versions that are not published yet.
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]));
  const manifest = {
    name: "user",
    private: true,
    type: "module",
    dependencies: { ...tarballs, ...CHOSEN },
    overrides,
  };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  console.error("installing the packed packages and what they depend on");
  // "http" names the addresses that were asked, should one of them not answer.
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=http"], project, 300);
}

/**
 * A folder whose node_modules hold one package and what it depends on, nothing else: what someone has who installs
 * that one. Links into the folder where all are installed.
 */
export function installAlone(project: string, { manifest }: Packed): string {
  const installed = join(project, "node_modules");
  const folder = join(project, "alone", manifest.name);
  const pending = [manifest.name];
  const seen = new Set(pending);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(installed, name), link);
    const manifest = JSON.parse(readFileSync(join(installed, name, "package.json"), "utf8")) as Manifest;
    // npm installs peers as well, but for those that are optional.
    const peers = Object.keys(manifest.peerDependencies ?? {}).filter((peer) => existsSync(join(installed, peer)));
    for (const needed of [...Object.keys(manifest.dependencies ?? {}), ...peers]) {
      if (!seen.has(needed)) pending.push(needed);
      seen.add(needed);
    }
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "alone", private: true, type: "module" }));
  return folder;
}
