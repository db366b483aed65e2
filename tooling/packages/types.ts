import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installAlone, type Packed, run } from "./install.ts";

const tsc = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
const LIBRARIES = "es2023,esnext.disposable,dom,dom.iterable,dom.asynciterable";

/** The ways in which people's projects resolve modules. */
const RESOLUTIONS = [
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
] as const;

/** Compiles files in a folder as a strict project would. Throws with the errors. */
export function compile(
  folder: string,
  files: readonly string[],
  [module, moduleResolution]: (typeof RESOLUTIONS)[number] = RESOLUTIONS[1],
  skipLibCheck = true,
): void {
  const options = { module, moduleResolution, skipLibCheck, target: "es2022", lib: LIBRARIES, types: "" };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  run(tsc, ["--noEmit", "--strict", "--preserveSymlinks", ...flags, ...files], folder);
}

/** The declarations of a package that is installed alone hold what they refer to. Gives what was tried. */
export function checkTypesAlone(project: string, packed: Packed): string {
  const folder = installAlone(project, packed);
  const lines = packed.entries.map((entry, i) => `import * as entry${i} from ${JSON.stringify(entry)};`);
  const uses = packed.entries.map((_, i) => `entry${i}`).join(", ");
  writeFileSync(join(folder, "use.ts"), `${lines.join("\n")}\nexport { ${uses} };\n`);
  // Declarations of a runtime that users bring along may have faults of their own: TensorFlow.js's do.
  const checks = packed.manifest.peerDependencies === undefined ? [true, false] : [true];
  for (const resolution of RESOLUTIONS) {
    for (const skipLibCheck of checks) compile(folder, ["use.ts"], resolution, skipLibCheck);
  }
  return `compile alone under node16, nodenext and bundler, with${checks.length > 1 ? " and without" : ""} skipLibCheck`;
}

/** Wrong use of the packages is refused: every mistake in `use/wrong.ts` is an error to who installed them all. */
export function checkWrongUse(project: string): void {
  copyFileSync(new URL("use/wrong.ts", import.meta.url), join(project, "wrong.ts"));
  for (const resolution of RESOLUTIONS) compile(project, ["wrong.ts"], resolution);
}
