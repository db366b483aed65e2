import { MissingWeightsError } from "@convbert/model";
import { CommanderError } from "commander";
import { printable } from "./printable.js";

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

/** A message of more characters is cut: no sentence of ours is so long, but what it quotes may be. */
const LONGEST = 2000;

/** An error's message as one line that a terminal can show. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const text = printable(error instanceof CommanderError ? commanderMessage(message) : firstLines(message));
  // The library's options are flags here.
  const told =
    error instanceof MissingWeightsError
      ? text.replace("load with `allowNewHead: true`", "give --allow-new-head")
      : text;
  return told.length > LONGEST ? `${told.slice(0, LONGEST)}…` : told;
}

/** The reference's messages list weights, a line each: the first few say what is wrong. */
function firstLines(message: string): string {
  const lines = message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return (lines.length > 4 ? [...lines.slice(0, 4), `... (${lines.length - 4} more)`] : lines).join(" ");
}

/** "error: unknown command 'rnu'\n(Did you mean run?)" as one line without the word that the caller puts in front. */
function commanderMessage(message: string): string {
  return message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
}
