import { mkdir, readdir, rmdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "./errors.js";

/** Names in a folder; undefined where there is none. Throws UsageError for a file, and for what cannot be read. */
export async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new UsageError(
      code === "ENOTDIR" ? `${folder} is a file, not a folder` : `cannot read ${folder}: ${message}`,
    );
  }
}

/** "README.md, config.json and 3 more". */
export function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(", ");
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}

/**
 * Makes a folder, and those that it lies in. Throws UsageError where that cannot be.
 * @returns a function that removes those that were made, as far as they are empty.
 */
export async function makeFolder(folder: string): Promise<() => Promise<void>> {
  let first: string | undefined;
  try {
    first = await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`cannot make the folder ${folder}: ${(error as Error).message}`);
  }
  return async () => {
    if (first === undefined) return;
    const end = dirname(resolve(first));
    for (let path = resolve(folder); path !== end && path !== dirname(path); path = dirname(path)) {
      const isGone = await rmdir(path).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
    }
  };
}
