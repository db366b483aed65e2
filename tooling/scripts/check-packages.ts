// Packs every published package, installs the tarballs in an empty project with npm, and uses them as a stranger would:
// every entry imports with an empty stderr under the toolchain's Node and under the oldest one supported (when the
// machine's own `node` is that), `require` works, types resolve, and the command answers. Needs a build.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Manifest {
  name: string;
  private?: boolean;
  exports: Record<string, unknown>;
  files?: string[];
}

const folders = readdirSync("packages").map((name) => join("packages", name));
const project = mkdtempSync(join(tmpdir(), "convbert-packages-"));
const run = (command: string, args: string[], cwd: string): string =>
  execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });

try {
  const entries: string[] = [];
  const tarballs: Record<string, string> = {};
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
    if (manifest.private) {
      continue;
    }
    const packed = JSON.parse(run("pnpm", ["pack", "--json", "--pack-destination", project], folder)) as {
      filename: string;
      files: { path: string }[];
    };
    tarballs[manifest.name] = `file:${packed.filename}`;
    const paths = packed.files.map(({ path }) => path);
    for (const needed of ["package.json", "README.md", "dist/index.js", "dist/index.d.ts"]) {
      if (!paths.includes(needed)) {
        throw new Error(`${manifest.name}: the package lacks ${needed}`);
      }
    }
    const foreign = paths.filter((path) => /^(src|test|kernels|assembly)\//.test(path));
    if (foreign.length > 0) {
      throw new Error(`${manifest.name}: the package holds ${foreign.slice(0, 3).join(", ")}`);
    }
    const own = Object.keys(manifest.exports).filter((path) => !path.includes("*") && !path.endsWith(".json"));
    entries.push(...own.map((path) => manifest.name + path.slice(1)));
  }
  // The overrides keep npm from asking the registry for versions that are not published yet.
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]));
  const stranger = { name: "stranger", private: true, type: "module", dependencies: tarballs, overrides };
  writeFileSync(join(project, "package.json"), JSON.stringify(stranger));
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--silent"], project);

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
