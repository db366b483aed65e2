// `npm run quick`: the inner loop. What has changed since the branch left main (or since the last commit on main) is
// linted, the packages that have a change are type-checked, and the tests that their changed sources reach are run, in
// those packages. `npm test` checks the rest.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { install, root, run } from "./toolchain.mjs";

function git(...args) {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

await install();
const base = process.argv[2] ?? (git("merge-base", "main", "HEAD") || "HEAD");
const changed = [
  ...git("diff", "--name-only", "--diff-filter=d", base).split("\n"),
  ...git("ls-files", "--others", "--exclude-standard").split("\n"),
].filter((path) => path !== "");
const folders = [...new Set(changed.map((path) => /^(?:packages|apps)\/[^/]+/.exec(path)?.[0]))].filter(
  (folder) => folder !== undefined && existsSync(join(root, folder, "tsconfig.json")),
);
const steps = [
  ["biome", "check", "--error-on-warnings", "--no-errors-on-unmatched", ...changed],
  ["node", "tooling/scripts/check-doors.ts"],
  ...folders.map((folder) => ["tsc", "-p", join(folder, "tsconfig.json")]),
  ...folders.map((folder) => ["vitest", "run", "--root", folder, "--changed", base, "--passWithNoTests"]),
];
if (changed.length === 0) console.log(`nothing has changed since ${base.slice(0, 7)}`);
let failed = 0;
for (const [name, ...args] of changed.length === 0 ? [] : steps) {
  if ((await run(name, args)) !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
