// Runs pnpm and what it installs on a machine that has only Node 20 and npm. No dependencies: this runs before any install.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const { packageManager } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** Runs `pnpm ...args` quietly: its output is shown only when it fails. Progress is one line on stderr. */
export async function quietly(label, args) {
  const started = performance.now();
  const terminal = process.stderr.isTTY;
  process.stderr.write(terminal ? `${label} ...` : "");
  const { code, output } = await run(args, ["ignore", "pipe", "pipe"]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${terminal ? "\r\x1b[K" : ""}${label}: ${code === 0 ? "done" : "failed"} in ${seconds} s\n`);
  if (code !== 0) {
    process.stderr.write(`${output}\n`);
    process.exit(code);
  }
}

/** Runs `pnpm ...args` with the given stdio; resolves with the exit code and what was captured. */
export function run(args, stdio) {
  return new Promise((resolve, reject) => {
    const child = spawn("npx", ["--yes", packageManager, ...args], {
      cwd: root,
      stdio,
      shell: process.platform === "win32",
      env: {
        ...process.env,
        npm_config_update_notifier: "false",
        npm_config_loglevel: "info",
        TURBO_TELEMETRY_DISABLED: "1",
      },
    });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

export const install = () => quietly("Installing", ["install", "--frozen-lockfile", "--prefer-offline"]);
