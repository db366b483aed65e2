// Before anything is published: the addresses that only the owner knows are set, in one file, and every manifest has them.
// Usage: node tooling/scripts/check-release.mjs [--write]   (--write puts them into the manifests)
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SOURCE = "tooling/config/addresses.json";
const addresses = JSON.parse(readFileSync(join(root, SOURCE), "utf8"));
const problems = [];
for (const name of ["repository", "homepage", "bugs"]) {
  const value = addresses[name];
  if (typeof value !== "string" || !URL.canParse(value)) {
    problems.push(
      `${SOURCE}: set "${name}" to an address (of the git repository, of the project's page, of its issues)`,
    );
  }
}

if (problems.length === 0) {
  const inside = (group) => readdirSync(join(root, "packages", group)).map((name) => join(group, name));
  for (const folder of [...inside("."), ...inside("models")]) {
    const path = join(root, "packages", folder, "package.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    if (manifest.private) continue;
    const wanted = {
      repository: { type: "git", url: addresses.repository, directory: `packages/${folder}` },
      homepage: addresses.homepage,
      bugs: { url: addresses.bugs },
    };
    const same = Object.entries(wanted).every(
      ([name, value]) => JSON.stringify(manifest[name]) === JSON.stringify(value),
    );
    if (same) continue;
    if (process.argv.includes("--write")) {
      writeFileSync(path, `${JSON.stringify({ ...manifest, ...wanted }, null, 2)}\n`);
    } else problems.push(`packages/${folder}/package.json has other addresses; run this with --write`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error("Nothing is published without these.");
process.exit(problems.length === 0 ? 0 : 1);
