// The surface of each package, `api.md` in its folder: the declarations that users get of every entry, from the build.
// A change of it is seen in review. `npm run api` writes the reports, `--check` fails where one is not today's.
// `./internal` is left out, and so is what `convbert` has from other packages: it is in theirs.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Door, declared, doorsOf, importedFile, passedOn, readCode } from "./doors.ts";

/** A file's statements, each from the beginning of a line. */
function statements(file: string): string[] {
  return readCode(file)
    .split(/^(?=export\b|declare\b|import\b|interface\b|type\b|abstract\b)/m)
    .map((statement) =>
      statement
        .replaceAll(/^\s*(?:#private|private\s.*);?$\n/gm, "")
        .replaceAll(/^\s*\n/gm, "")
        .trim(),
    );
}

/** The declarations behind a name that a file of declarations exports: several for a function with overloads. */
function declarations(file: string, name: string): string[] {
  const passed = passedOn(file).find((item) => item.name === name);
  if (passed !== undefined) {
    if (!passed.from.startsWith(".")) return [`export { ${name} } from "${passed.from}";`];
    return declarations(importedFile(file, passed.from, ".d.ts"), passed.original);
  }
  const declares = new RegExp(
    `^(?:export )?(?:declare )?(?:abstract )?(?:class|function|const|let|interface|type|enum) ${name}\\b`,
  );
  const found = statements(file).filter((statement) => declares.test(statement));
  if (found.length === 0) throw new Error(`${file} declares no ${name}`);
  return found;
}

function sectionOf(door: Door): string {
  const names = [...new Set([...passedOn(door.types).map(({ name }) => name), ...declared(door.types)])].sort();
  const lines = names.map((name) => declarations(door.types, name).join("\n"));
  return `## ${door.name}\n\n\`\`\`ts\n${lines.join("\n\n")}\n\`\`\`\n`;
}

const check = process.argv.includes("--check");
const doors = doorsOf().filter(({ name }) => !/\/(?:internal|worker)$|^convbert\//.test(name));
const stale: string[] = [];
for (const folder of new Set(doors.map((door) => door.folder))) {
  const sections = doors.filter((door) => door.folder === folder).map(sectionOf);
  const report = `# What is exported\n\nMade by \`npm run api\`; do not edit.\n\n${sections.join("\n")}`;
  const path = join(folder, "api.md");
  if (existsSync(path) && readFileSync(path, "utf8") === report) continue;
  if (check) stale.push(path);
  else writeFileSync(path, report);
}
if (stale.length > 0) {
  console.error(
    `not what the packages export today: ${stale.join(", ")}; run "npm run api" and commit what it changes`,
  );
  process.exitCode = 1;
}
