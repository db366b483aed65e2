/**
 * A fresh clone is used with Node and npm alone: every command installs what it needs, the environment reaches the tools
 * that turbo starts, and once built nothing asks the network. What is committed is checked.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "convbert-clone-")));
const clone = join(folder, "clone");
const bin = join(folder, "bin");

/** A package manager or a runner of the machine that must not be used. */
const FOREIGN = ["pnpm", "pnpx", "yarn", "corepack", "turbo", "tsc", "vitest"];

/** Programs of the machine, without what the workspace that runs this check has put before them. */
function machinePath(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.filter((path) => !path.startsWith(root) && !path.includes("node_modules")).join(delimiter);
}

function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    cwd: clone,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 600_000,
    maxBuffer: 1 << 26,
    env: { ...process.env, PATH: `${bin}${delimiter}${machinePath()}`, ...env },
  });
  const output = `${stdout ?? ""}${stderr ?? ""}`;
  if (error !== undefined || status !== 0) {
    throw new Error(`${name} ${args.join(" ")}: ${error?.message ?? `code ${status}`}\n${output.slice(-4000)}`);
  }
  return output;
}

function expect(condition: boolean, what: string, output: string): void {
  if (!condition) throw new Error(`${what}\n${output.slice(-4000)}`);
  console.log(what);
}

/** Where nobody answers: what asks the network fails. */
const NO_NETWORK = {
  npm_config_registry: "http://127.0.0.1:9/",
  HTTPS_PROXY: "http://127.0.0.1:9",
  https_proxy: "http://127.0.0.1:9",
};

try {
  mkdirSync(bin);
  for (const name of FOREIGN) {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/sh\necho "the machine's own ${name} was used" >&2\nexit 97\n`);
    chmodSync(file, 0o755);
  }
  spawnSync("git", ["clone", "--quiet", root, clone], { stdio: "inherit" });
  // Where the machine's npm is not on the path, as under a version manager, it stands beside its Node.
  if (process.env["npm_node_execpath"] !== undefined) {
    const npm = join(dirname(process.env["npm_node_execpath"]), "npm");
    if (!machinePath().split(delimiter).includes(dirname(npm))) symlinkSync(npm, join(bin, "npm"));
  }
  const certificates = join(folder, "no-such-certificates.pem");
  const graph = run("npm", ["run", "graph"]);
  expect(graph.includes("Installing"), "the first command installs", graph);
  const turbo = run("npm", ["run", "turbo", "--", "run", "//#graph", "--force"], { NODE_EXTRA_CA_CERTS: certificates });
  expect(turbo.includes("no-such-certificates.pem"), "certificates reach what turbo starts", turbo);
  const start = ["start", "--", "run", "text-classification", "--json", "Where is the Eiffel Tower?"];
  const first = run("npm", start);
  expect(first.includes('"LOC"'), "npm start builds and answers", first);
  const second = run("npm", start, NO_NETWORK);
  expect(second.includes('"LOC"') && !second.includes("Installing"), "a second start asks nobody", second);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
