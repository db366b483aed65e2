// Installs and runs the project's tools on a machine that has only Node 20 or newer with npm. No dependencies: this
// runs before any install.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules/.bin");
/** The pinned pnpm stands here, beside what it installs. */
const toolchain = join(root, ".cache/toolchain");
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const windows = process.platform === "win32";

/** A step that prints nothing for so long is stopped: the network hangs. In milliseconds. */
const SILENCE = Number(process.env["CONVBERT_STEP_TIMEOUT"] ?? 180) * 1000;
/** Where nobody sees a line change, a long step says so often that it goes on. In milliseconds. */
const HEARTBEAT = 15_000;

/** The tools that the workspace installs come first, its pinned Node and pnpm among them; all else is passed on. */
function environment() {
  const path = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  return {
    // A registry that does not answer is given up after a minute, not after five; who set something else keeps it.
    npm_config_fetch_retries: "2",
    npm_config_fetch_timeout: "30000",
    npm_config_fetch_retry_maxtimeout: "10000",
    ...process.env,
    [path]: [bin, join(toolchain, "node_modules/.bin"), process.env[path]].join(delimiter),
    npm_config_update_notifier: "false",
    TURBO_TELEMETRY_DISABLED: "1",
  };
}

/** Runs a program of the toolchain with the given stdio; resolves with its exit code, as 128 + n after signal n. */
export function run(command, args, stdio = "inherit") {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio, shell: windows, env: environment() });
    // The terminal sends these to the child as well: it ends in its own way, and this process after it.
    const wait = () => {};
    process.on("SIGINT", wait);

    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", wait);
      resolve(code ?? (signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 1));
    });
  });
}

/**
 * Runs a step quietly: its output is shown only when it fails. Progress is one line on stderr that changes in a
 * terminal, elsewhere one line every 15 seconds. Ends the process when the step fails or hangs.
 */
export async function quietly(label, command, args, hint = "") {
  const started = performance.now();
  const terminal = process.stderr.isTTY;
  const elapsed = () => ((performance.now() - started) / 1000).toFixed(terminal ? 0 : 1);
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    shell: windows,
    env: environment(),
  });
  let output = "";
  let hung = false;
  const stop = () => {
    hung = true;
    child.kill();
  };
  let silence = setTimeout(stop, SILENCE);
  const lastLine = () => output.trimEnd().split("\n").pop()?.slice(0, 100) ?? "";
  const heartbeat = setInterval(
    () =>
      process.stderr.write(
        terminal ? `\r\x1b[K${label} ... ${elapsed()} s` : `${label}: ${elapsed()} s, ${lastLine()}\n`,
      ),
    terminal ? 1000 : HEARTBEAT,
  );
  if (terminal) process.stderr.write(`${label} ...`);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE);
    });
  }
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += String(error);
      resolve(1);
    });
    child.on("close", (status) => resolve(hung ? 1 : (status ?? 1)));
  });
  clearTimeout(silence);
  clearInterval(heartbeat);
  const outcome = code === 0 ? "done" : hung ? `stopped, ${SILENCE / 1000} s without a word,` : "failed";
  process.stderr.write(`${terminal ? "\r\x1b[K" : ""}${label}: ${outcome} in ${elapsed()} s\n`);
  if (code !== 0) {
    process.stderr.write(`${output}\n${hint}\n`);
    process.exit(code);
  }
}

/** What an install depends on: every manifest, the lockfile, and pnpm's settings. */
function installKey() {
  const hash = createHash("sha256");
  const groups = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8").matchAll(/^ {2}- "?([\w/-]+)\/\*"?$/gm);
  const folders = [...groups].flatMap(([, group]) =>
    existsSync(join(root, group)) ? readdirSync(join(root, group)).map((name) => join(group, name)) : [],
  );
  for (const path of [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ...["", ...folders].map((folder) => join(folder, "package.json")),
  ]) {
    const file = join(root, path);
    hash.update(`${path}\n`).update(existsSync(file) ? readFileSync(file) : "");
  }
  return hash.digest("hex");
}

/** Installs the workspace with the pinned pnpm, unless it is installed already: then this takes milliseconds. */
export async function install() {
  const stamp = join(root, "node_modules/.installed");
  const key = installKey();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) {
    return;
  }
  const hint =
    "Installing needs the npm registry the first time. Behind a proxy or a private certificate authority, " +
    "HTTPS_PROXY, NODE_EXTRA_CA_CERTS and npm's own settings are passed on.";
  const version = packageManager.split("@")[1];
  const manifest = join(toolchain, "node_modules/pnpm/package.json");
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, "utf8")).version !== version) {
    mkdirSync(toolchain, { recursive: true });
    const flags = ["--prefix", toolchain, "--no-save", "--no-audit", "--no-fund", "--loglevel=http"];
    await quietly(`Fetching ${packageManager}`, "npm", ["install", ...flags, packageManager], hint);
  }
  const args = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  await quietly("Installing", "pnpm", args, hint);
  writeFileSync(stamp, key);
}
