import { main } from "../src/cli/main.js";
import type { Terminal } from "../src/cli/terminal.js";

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON, a value a line. */
  readonly json: unknown[];
}

export interface RunSetting {
  /** Standard input; a terminal where undefined. */
  readonly stdin?: string | readonly Uint8Array[];
  /** Whether output goes to a terminal, and how wide it is. */
  readonly columns?: number;
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly runAgain?: Terminal["runAgain"];
}

/** Runs the command in this process, on streams in memory. */
export async function convbert(args: readonly string[], setting: RunSetting = {}): Promise<RunResult> {
  const { stdin, columns, env = {}, signal = new AbortController().signal } = setting;
  const written = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr") => ({
    isTTY: columns !== undefined,
    columns,
    async write(text: string) {
      written[name] += text;
    },
  });
  async function* pieces(): AsyncGenerator<Uint8Array> {
    if (typeof stdin === "string") yield new TextEncoder().encode(stdin);
    else yield* stdin ?? [];
  }
  const terminal: Terminal = {
    stdin: Object.assign(pieces(), { isTTY: stdin === undefined }),
    hasInput: async () => stdin !== undefined && stdin.length > 0,
    stdout: output("stdout"),
    stderr: output("stderr"),
    env,
    signal,
    ...(setting.runAgain && { runAgain: setting.runAgain }),
  };
  const code = await main(args, terminal);
  return {
    code,
    ...written,
    get json() {
      return written.stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    },
  };
}
