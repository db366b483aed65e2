// Packs every published package, installs the tarballs in an empty project with npm, and uses them as a stranger would:
// every entry imports with an empty stderr under the toolchain's Node and under the oldest one supported (when the
// machine's own `node` is that), `require` works, types resolve, and the command answers. Needs a build.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackages, run } from "./stranger.ts";

const project = mkdtempSync(join(tmpdir(), "convbert-packages-"));
try {
  const entries = installPackages(project);
  const imports = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("\n");
  writeFileSync(join(project, "import.mjs"), `${imports}\nprocess.stdout.write("imported");\n`);
  const requires = entries.map((entry) => `require(${JSON.stringify(entry)});`).join("\n");
  writeFileSync(join(project, "require.cjs"), `${requires}\nprocess.stdout.write("required");\n`);
  const text = "Who wrote the opera Carmen?";
  const nodes = [process.execPath, ...oldestNode()];
  for (const node of nodes) {
    const version = run(node, ["--version"], project).trim();
    for (const [script, flags] of [
      ["import.mjs", []],
      // Node 20 still calls this experimental, on stderr.
      ["require.cjs", ["--no-warnings"]],
    ] as const) {
      const output = execFileSync(node, [...flags, script], {
        cwd: project,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      });
      if (output !== "imported" && output !== "required") {
        throw new Error(`${version} ${script}: unexpected output ${JSON.stringify(output)}`);
      }
    }
    const command = join(project, "node_modules/convbert/dist/cli.js");
    const answer = run(node, [command, "run", "text-classification", "--json", text], project);
    if (!answer.includes('"HUM"')) {
      throw new Error(`${version} convbert run: expected the label HUM, got ${answer}`);
    }
    console.log(`${version}: ${entries.length} entries import and require, the command answers`);
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** The machine's own Node, where it is another than the toolchain's. */
function oldestNode(): string[] {
  const candidates = (process.env["PATH"] ?? "").split(process.platform === "win32" ? ";" : ":");
  for (const folder of candidates) {
    const path = join(folder, "node");
    if (!folder.includes("node_modules") && existsSync(path)) {
      return [path];
    }
  }
  return [];
}
