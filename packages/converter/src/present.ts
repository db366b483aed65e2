import type { FileSet } from "@convbert/files";

/** Those of the names that are there, in the order given. */
export async function present(files: FileSet, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map(async (name) => ((await files.has(name)) ? [name] : [])));
  return found.flat();
}
