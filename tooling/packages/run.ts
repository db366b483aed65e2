// Packs every published package, installs the tarballs in an empty project with npm, and uses them as people do:
// manifests are clean, declarations compile in every way to resolve modules (each package installed alone) and refuse wrong use, browser
// bundles build without a warning, every entry imports and `require`s with an empty stderr under the toolchain's Node and
// the machine's own, and the command answers. Needs a build.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleEntry, pageEntries } from "./bundles.ts";
import { checkExamples } from "./examples.ts";
import { installPackages, packPackages, run } from "./install.ts";
import { manifestProblems } from "./manifests.ts";
import { checkModels } from "./models.ts";
import { makeSandbox } from "./sandbox.ts";
import { checkTypesAlone, checkWrongUse } from "./types.ts";

const project = realpathSync(mkdtempSync(join(tmpdir(), "convbert-packages-")));
const failed: string[] = [];

async function check(name: string, body: () => Promise<string> | string): Promise<void> {
  try {
    console.log(`${name}: ${await body()}`);
  } catch (error) {
    failed.push(name);
    console.log(`${name}: FAILED\n${(error as Error).message}`);
  }
}

try {
  const packages = packPackages(project);
  const entries = packages.flatMap((packed) => packed.entries);
  installPackages(project, packages);
  for (const packed of packages) {
    await check(`${packed.manifest.name}, manifest`, async () => {
      const problems = await manifestProblems(project, packed);
      if (problems.length > 0) throw new Error(problems.join("\n"));
      return "clean";
    });
    if (packed.entries.length === 0) continue;
    await check(`${packed.manifest.name}, types`, () => checkTypesAlone(project, packed));
  }
  await check("wrong use", () => {
    checkWrongUse(project);
    return "is refused by the declarations under node16, nodenext and bundler";
  });
  for (const entry of pageEntries(packages)) {
    await check(
      `${entry}, bundles`,
      async () => `${((await bundleEntry(project, entry)) / 1024).toFixed(1)} KB gzipped`,
    );
  }
  await check("models", () => checkModels(project, packages));
  const nodes = [process.execPath, ...machineNode()];
  const sandbox = makeSandbox(project);
  for (const path of ["README.md", ...packages.map(({ folder }) => `${folder}/README.md`)]) {
    await check(`${path}, examples`, () => checkExamples(project, sandbox, path, nodes));
  }
  for (const node of nodes) {
    const version = run(node, ["--version"], project).trim();
    await check(version, () => useEntries(node, entries));
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join("; ")}`);
  process.exitCode = 1;
}

function useEntries(node: string, entries: readonly string[]): string {
  const imports = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("\n");
  writeFileSync(join(project, "import.mjs"), `${imports}\nprocess.stdout.write("imported");\n`);
  const requires = entries.map((entry) => `require(${JSON.stringify(entry)});`).join("\n");
  writeFileSync(join(project, "require.cjs"), `${requires}\nprocess.stdout.write("required");\n`);
  const scripts = [
    ["import.mjs", []],
    // Node 20 still calls this experimental, on stderr.
    ["require.cjs", ["--no-warnings"]],
  ] as const;
  for (const [script, flags] of scripts) {
    const output = execFileSync(node, [...flags, script], {
      cwd: project,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (output !== "imported" && output !== "required") throw new Error(`${script} printed ${JSON.stringify(output)}`);
  }
  const command = join(project, "node_modules/convbert/dist/cli.js");
  const answer = run(node, [command, "run", "text-classification", "--json", "Who wrote the opera Carmen?"], project);
  if (!answer.includes('"HUM"')) throw new Error(`convbert run: expected the label HUM, got ${answer}`);
  return `${entries.length} entries import and require, the command answers`;
}

/** The machine's own Node, where it is another than the toolchain's: the oldest one supported, in the best case. */
function machineNode(): string[] {
  const candidates = (process.env["PATH"] ?? "").split(process.platform === "win32" ? ";" : ":");
  for (const folder of candidates) {
    const path = join(folder, "node");
    if (!folder.includes("node_modules") && existsSync(path)) return [path];
  }
  return [];
}
