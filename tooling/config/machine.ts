import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Golden data and texts that stand beside a clone; a published clone has none. */
const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));

/**
 * The folder of that name in `shared` beside the repository. Where it is absent, CI fails and other machines get
 * `undefined` and a line at the end of `npm test`, so that no test vanishes unsaid.
 */
export function sharedFolder(name: string): string | undefined {
  const folder = `${shared}${name}/`;
  return existsSync(folder) ? folder : absent(`the folder shared/${name} beside the repository`);
}

/** The program of Chromium: `CHROMIUM_PATH`, or where Debian has it. Absent as {@link sharedFolder}. */
export function chromiumPath(): string | undefined {
  const places = [process.env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/chromium-browser"];
  const found = places.find((path) => path !== undefined && existsSync(path));
  return found ?? absent("Chromium (install Debian's chromium or set CHROMIUM_PATH)");
}

function absent(what: string): undefined {
  const line = `Tests that need ${what} are not run`;
  if (process.env["CI"]) throw new Error(`${line}, which CI does not allow`);
  console.warn(line);
  mkdirSync("reports", { recursive: true });
  appendFileSync("reports/absent.txt", `${line}\n`);
  return undefined;
}
