import type { Progress } from "@convbert/files";
import type { LoadProgress } from "./protocol.js";

/** Adds up the bytes of several files; `total` counts the files that have begun. */
export function summed(report: (progress: LoadProgress) => void): (progress: Progress) => void {
  const files = new Map<string, LoadProgress>();
  return ({ file, loaded, total }) => {
    files.set(file, { loaded, total: Math.max(total ?? 0, loaded) });
    const sum = { loaded: 0, total: 0 };
    for (const one of files.values()) {
      sum.loaded += one.loaded;
      sum.total += one.total;
    }
    report(sum);
  };
}
