import { printable } from "../printable.js";
import { bytes } from "../progress.js";

/** A file that was written. */
export interface Written {
  readonly file: string;
  readonly bytes: number;
}

/** A line for each file. */
export function listed(files: readonly Written[]): string {
  return files.map(({ file, bytes: count }) => `${printable(file)}  ${bytes(count)}`).join("\n");
}
