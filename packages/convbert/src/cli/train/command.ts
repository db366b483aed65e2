import { isAbsolute, relative } from "node:path";
import type { Command } from "commander";

/**
 * The command as somebody else can give it: the arguments and the options that were set, files by their paths from here,
 * nothing that only concerns this machine or this call.
 */
export function commandText(command: Command, task: string): string {
  const parts = [`convbert ${command.name()} ${task}`];
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== "cli" || LOCAL.includes(name)) continue;
    const values: unknown = command.getOptionValue(name);
    const flag = option.long ?? option.flags;
    if (values === true) {
      parts.push(flag);
      continue;
    }
    // Flags that may be given several times, and lists in one value.
    const isRepeated = Array.isArray(values) && REPEATED.includes(name);
    for (const value of isRepeated ? (values as unknown[]) : [values]) {
      const text = Array.isArray(value) ? value.join(",") : String(value);
      parts.push(`${flag} ${quoted(FILES.includes(name) ? shownPath(text) : text)}`);
    }
  }
  return parts.join(" \\\n  ");
}

const LOCAL = [
  "resume",
  "overwrite",
  "json",
  "threads",
  "wideVectors",
  "backend",
  "cacheDir",
  "offline",
  "keepCheckpoints",
];
const REPEATED = ["data", "teacher", "eval", "test", "freeze"];
const FILES = [
  "data",
  "teacher",
  "eval",
  "test",
  "output",
  "model",
  "config",
  "vocab",
  "tokenizer",
  "initEmbeddings",
  "classWeights",
];

/** A path as it may be published: from the working folder, or the name alone where it is elsewhere altogether. */
export function shownPath(path: string): string {
  if (!isAbsolute(path)) return path;
  const from = relative(process.cwd(), path);
  // "../shared/data" may be on other machines as well; "../../../home/me" is not.
  const isNear = !isAbsolute(from) && from.split(/[\\/]/).filter((part) => part === "..").length <= 1;
  return isNear ? from : (path.split(/[\\/]/).findLast((part) => part !== "") ?? path);
}

function quoted(text: string): string {
  return /^[\w./:,@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
