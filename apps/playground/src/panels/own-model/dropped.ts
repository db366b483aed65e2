import type { NamedFile } from "../../worker/protocol.js";

/** The files of a drop; those in folders get their paths. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<NamedFile[]> {
  // Entries have to be taken before the first wait: the transfer is empty after it.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return named(files);
  const found: NamedFile[] = [];
  for (const entry of entries) {
    if (entry !== null) await collect(entry, found);
  }
  return found;
}

/** Files that a person chose, with the paths within the folder where they chose one. */
export function named(files: Iterable<File>): NamedFile[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function collect(entry: FileSystemEntry, found: NamedFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives some entries at a time, none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const child of some) await collect(child, found);
  }
}
