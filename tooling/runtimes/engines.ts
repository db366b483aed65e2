import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../packages/install.ts";

/** An engine that runs files, and how. */
export interface Engine {
  readonly name: string;
  readonly command: string;
  readonly flags: readonly string[];
}

/** Long-lived lines of Node, the oldest supported first. */
const NODE_LINES = [20, 22, 24, 26];
const folder = fileURLToPath(new URL("./.engines", import.meta.url));
const own = join(folder, "node_modules");

function npm(args: readonly string[]): void {
  const quiet = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
  console.error("fetching the engines, once");
  run("npm", ["install", ...quiet, "--loglevel=http", ...args], folder, 900);
}

const isWindows = process.platform === "win32";
const system = isWindows ? "windows" : process.platform;
const program = (name: string): string => (isWindows ? `${name}.exe` : name);

/** Fetches the engines once, into .engines. No install scripts: each engine's program is in a package of its own. */
export function installEngines(): void {
  mkdirSync(folder, { recursive: true });
  const manifest = fileURLToPath(new URL("./engines/package.json", import.meta.url));
  const kept = join(folder, "package.json");
  const nodes = NODE_LINES.filter((line) => !existsSync(nodePath(line)));
  if (existsSync(kept) && readFileSync(kept, "utf8") === readFileSync(manifest, "utf8") && nodes.length === 0) return;
  copyFileSync(manifest, kept);
  const platform = isWindows ? "win" : process.platform;
  npm(NODE_LINES.map((line) => `node${line}@npm:node-${platform}-${process.arch}@${line}`));
  copyFileSync(manifest, kept); // npm wrote the aliases into it
}

function nodePath(line: number): string {
  return join(own, `node${line}`, "bin", program("node"));
}

/** Where a package that was fetched with the engines is. */
export function enginePackage(name: string): string {
  return join(own, name);
}

/** Everything that runs files. */
export function listEngines(): Engine[] {
  return [
    ...NODE_LINES.map((line) => ({ name: `Node ${line}`, command: nodePath(line), flags: [] })),
    // The package "bun" would link this at install time.
    { name: "Bun", command: join(own, `@oven/bun-${system}-${process.arch}`, "bin", program("bun")), flags: [] },
    { name: "Deno", command: join(own, ".bin", "deno"), flags: ["run", "--allow-all"] },
  ];
}

/** Runs a file to its end, which has to come by itself. Rejects when it takes too long or fails. */
export function runFile(
  { command, flags }: Engine,
  args: readonly string[],
  cwd: string,
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(command, [...flags, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`did not end within ${PATIENCE / 1000} s: ${written.stderr.slice(-500)}`));
    }, PATIENCE);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(written);
      else reject(new Error(`ended with ${signal ?? `code ${code}`}: ${written.stderr.slice(-2000)}`));
    });
  });
}

/** For one file on a machine that is slow and busy, in milliseconds. */
const PATIENCE = 180_000;
