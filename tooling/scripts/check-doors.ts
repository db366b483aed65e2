// What the packages offer. Every index and subpath exports by name (only the subpaths of `convbert` are a whole package
// under another address), and a name means one thing: two packages that export it export the same declaration.
// A type that one package offers is no other type in the files of another. Run by `turbo run //#doors`.
import { globSync } from "node:fs";
import { declared, doorsOf, importedFile, passedOn, readCode } from "./doors.ts";

/** What `convbert` offers by name: all of these packages but what types others and says little by itself. */
const BY_NAME = ["@convbert/heads", "@convbert/model", "@convbert/pipelines", "@convbert/tokenizer"];
const NOT_BY_NAME = new Set(
  "Inputs PipelineBase PipelineModel PipelineParts PipelineTokenizer Progress Results TextOptions".split(" "),
);

const doors = doorsOf();
const fileOf = new Map(doors.map(({ name, file }) => [name, file]));
const problems: string[] = [];

/** Where what is imported from `from` in a file stands. */
function target(file: string, from: string): string | undefined {
  if (!from.startsWith(".")) return fileOf.get(from);
  return importedFile(file, from, ".ts");
}

/** The declaration behind a name that a file exports: `file#name`. */
function origin(file: string, name: string): string {
  const passed = passedOn(file).find((item) => item.name === name);
  if (passed === undefined) return `${file}#${name}`;
  const next = target(file, passed.from);
  return next === undefined ? `${passed.from}#${passed.original}` : origin(next, passed.original);
}

const meanings = new Map<string, Map<string, string[]>>();
let count = 0;
for (const { name: door, file } of doors) {
  if (/\bexport\s*\*/.test(readCode(file))) {
    const isWholePackage = door.startsWith("convbert/") && declared(file).length === 0;
    if (!isWholePackage) problems.push(`${file}: "export *" hides what ${door} offers; name each export`);
    continue;
  }
  for (const name of new Set([...passedOn(file).map((item) => item.name), ...declared(file)])) {
    const origins = meanings.get(name) ?? new Map<string, string[]>();
    meanings.set(name, origins);
    const key = origin(file, name);
    origins.set(key, [...(origins.get(key) ?? []), door]);
    count++;
  }
}
for (const [name, origins] of meanings) {
  if (origins.size === 1) continue;
  const where = [...origins].map(([key, names]) => `${names.join(", ")} (${key.split("#")[0]})`);
  problems.push(`${name} means ${origins.size} things: ${where.join("; ")}`);
}

// Of the packages' own files too, so that a type's name in a message or a declaration is enough to know which it is.
// Operations are left out: their names stand in each package that computes them.
const declaredIn = new Map<string, string[]>();
for (const file of globSync("packages/*/src/**/*.{ts,tsx}").filter((path) => !path.includes("/generated/"))) {
  for (const name of new Set(declared(file))) declaredIn.set(name, [...(declaredIn.get(name) ?? []), file]);
}
for (const [name, files] of declaredIn) {
  const isType = /^[A-Z]\w*[a-z]/.test(name);
  if (isType && files.length > 1 && meanings.has(name))
    problems.push(`${name} means ${files.length} things: ${files.join("; ")}`);
}

const offered = new Set(passedOn(fileOf.get("convbert")!).map(({ name }) => name));
for (const door of BY_NAME) {
  const lacking = passedOn(fileOf.get(door)!).filter(({ name }) => !offered.has(name) && !NOT_BY_NAME.has(name));
  if (lacking.length > 0) {
    problems.push(`convbert does not name what ${door} exports: ${lacking.map(({ name }) => name).join(", ")}`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length === 0)
  console.log(`doors: ${doors.length} entries, ${count} exported names, each with one meaning`);
process.exit(problems.length === 0 ? 0 : 1);
