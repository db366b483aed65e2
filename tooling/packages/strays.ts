import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { Packed } from "./install.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every string in a manifest's field, however deep. */
function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/**
 * Files of a package's dist that an earlier build has left there: scripts that no entry imports or names, and declarations
 * whose source is gone.
 * @param installed the package as it is installed: its manifest is the one that is published.
 */
export function strayFiles(installed: string, { folder, files }: Packed): string[] {
  const { exports, bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const built = new Set(files.filter((path) => path.startsWith("dist/")));
  const reached = new Set<string>();
  const pending = stringsOf([exports, bin]).map((path) => posix.normalize(path));
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path) || !built.has(path) || !path.endsWith(".js")) continue;
    reached.add(path);
    const code = readFileSync(join(installed, path), "utf8");
    for (const [, named] of code.matchAll(/["'`](\.{1,2}\/[\w./-]+\.js)["'`]/g)) {
      pending.push(posix.join(posix.dirname(path), named!));
    }
  }
  return [...built].filter((path) => {
    if (path.endsWith(".d.ts"))
      return !existsSync(join(root, folder, path.replace("dist/", "src/").replace(/d\.ts$/, "ts")));
    return !reached.has(path.replace(/\.map$/, ""));
  });
}
