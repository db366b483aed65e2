import { CommanderError } from "commander";

/** The command was used wrongly; the message says how to use it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Exit codes: a failed check has its own, so that scripts can tell "different" from "could not compare"; those of signals
 * are 128 and the signal's number, as shells have them.
 */
export const EXIT = { success: 0, failedCheck: 1, unusable: 2, interrupted: 130, terminated: 143 } as const;

/** The reason of an abort by a signal to the process; the message is what is said of it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** An error's message as one line. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommanderError) return commanderMessage(message);
  const lines = message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  // The reference's messages list weights, a line each: the first few say what is wrong.
  const shown = lines.length > 4 ? [...lines.slice(0, 4), `... (${lines.length - 4} more)`] : lines;
  return printable(shown.join(" "));
}

/** "error: unknown command 'rnu'\n(Did you mean run?)" as one line without the word that the caller puts in front. */
function commanderMessage(message: string): string {
  return printable(message.replace(/^error: /, "").replace(/\s*\n\s*/g, " "));
}

/** File names and file contents end up in messages; control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "�");
}
