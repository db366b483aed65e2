import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

const source = fileURLToPath(new URL("../src/index.ts", import.meta.url));

export interface NodeOptions {
  /** Variables on top of this process's; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** Runs as a user that may write nowhere, where this process may become one. */
  readonly powerless?: boolean;
}

/** Another process of Node, with this package's exports in scope; killed when the test ends. */
export function runNode(code: string, { env, flags = [], powerless }: NodeOptions = {}): ChildProcess {
  const hook = new URL("../../../tooling/config/source-hooks.mjs", import.meta.url).href;
  const program = `import { openFiles, writeFiles } from ${JSON.stringify(pathToFileURL(source).href)};\n${code}`;
  const child = spawn(
    process.execPath,
    ["--no-warnings", ...flags, "--import", hook, "--input-type=module", "-e", program],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
      ...(powerless && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** What a process wrote, once it has ended. */
export async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout!.on("data", (chunk) => (text += chunk));
  await once(child, "close");
  return text.trim();
}
