import { spawn } from "node:child_process";
import { fstatSync, writeSync } from "node:fs";
import { EXIT, Interrupted } from "./errors.js";
import type { Output, Terminal } from "./terminal.js";

/** The longest wait for the first byte of a pipe that may stay silent, in milliseconds. */
const PATIENCE = 1500;

/** Ctrl-C, and what asks a process to end: service managers, container engines, `kill`. */
const ENDINGS = {
  SIGINT: new Interrupted("interrupted", EXIT.interrupted),
  SIGTERM: new Interrupted("terminated", EXIT.terminated),
};

/** The terminal of this process. A reader that goes away (`| head`) ends the process without a word. */
export function processTerminal(): Terminal {
  const interruption = new AbortController();
  for (const [signal, reason] of Object.entries(ENDINGS)) {
    process.on(signal, () => {
      // A second one does not wait for anything.
      if (interruption.signal.aborted) process.exit(reason.exitCode);
      interruption.abort(reason);
      // Reading is the one thing that would not look at the signal.
      process.stdin.destroy(reason);
    });
  }
  // Nobody reads it in some commands: whoever does gets the error all the same.
  process.stdin.on("error", () => {});
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") {
        // A progress line may still stand there.
        if (process.stderr.isTTY) writeSync(2, "\r\x1b[K");
        process.exit(0);
      }
      throw error;
    });
  }
  return {
    stdin: Object.assign(process.stdin, { isTTY: process.stdin.isTTY === true }),
    hasInput: () => hasInput(process.stdin),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    signal: interruption.signal,
    ownsProcess: true,
    runAgain: (args) => runAgain(args, interruption.signal),
  };
}

/** The process is kept from a person's Ctrl-C, so that this one ends it and says so once. */
function runAgain(args: readonly string[], signal: AbortSignal): Promise<{ code: number; stdout: string }> {
  const command = [...process.execArgv, process.argv[1]!, ...args];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  // It has nothing to save, and a word of its own would be one too many.
  const end = () => child.kill("SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, ending) => {
      signal.removeEventListener("abort", end);
      if (code !== null) resolve({ code, stdout });
      else reject(new Error(`the measuring process was ended by ${ending}`));
    });
  });
}

function output(stream: NodeJS.WriteStream): Output {
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    write: (text) =>
      new Promise((resolve) => {
        if (stream.write(text)) resolve();
        else stream.once("drain", resolve);
      }),
  };
}

async function hasInput(stdin: NodeJS.ReadStream): Promise<boolean> {
  if (stdin.isTTY) return false;
  try {
    const stats = fstatSync(0);
    if (stats.isFile()) return stats.size > 0;
    if (!stats.isFIFO() && !stats.isSocket()) return false;
  } catch {
    // Closed.
    return false;
  }
  return new Promise((resolve) => {
    const decide = (answer: boolean): void => {
      clearTimeout(timer);
      stdin.off("readable", ready).off("end", ended).off("error", ended);
      resolve(answer);
    };
    // At the end of a stream that had nothing, "readable" comes too, with nothing to read.
    const ready = (): void => decide(stdin.readableLength > 0);
    const ended = (): void => decide(false);
    const timer = setTimeout(ended, PATIENCE);
    stdin.on("readable", ready).on("end", ended).on("error", ended);
  });
}
