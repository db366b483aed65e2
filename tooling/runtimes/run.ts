/**
 * Checks the packages, packed as they are published, on every engine: Node, Bun, Deno, Chromium, Firefox; all compiled
 * modules, and no WebAssembly. Usage: npm run check-runtimes -- [--only Bun,Firefox] [--json]; needs a build. See README.md.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installPackages, packPackages } from "../packages/install.ts";
import { type Browser, findBrowser, runPages, servePages } from "./browsers.ts";
import { type Engine, enginePackage, installEngines, listEngines, runFile } from "./engines.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});
const only = values.only.split(",").filter((name) => name !== "");
const isAsked = (name: string): boolean => only.length === 0 || only.some((part) => name.startsWith(part));

interface Line {
  readonly check: string;
  readonly description: string;
  readonly difference: number;
}
interface Result {
  readonly engine: string;
  readonly mode: string;
  readonly lines?: readonly Line[];
  readonly error?: string;
}

const results: Result[] = [];

function report(result: Result): void {
  results.push(result);
  const { engine, mode, lines = [], error } = result;
  const kinds = [...new Set(lines.map(({ description }) => description))].join("; ");
  const largest = Math.max(...lines.map(({ difference }) => difference));
  const text =
    error === undefined ? `ok, ${kinds}; largest difference ${largest.toExponential(1)}` : `FAILED: ${error}`;
  console.error(`${engine}, ${mode}: ${text}`);
}

/** The check in each mode, and the command. */
async function checkEngine(engine: Engine, project: string): Promise<void> {
  let version = engine.name;
  try {
    const { stdout } = await runFile({ ...engine, flags: [] }, ["--version"], project);
    version = `${engine.name.split(" ")[0]} ${/\d+\.\d+\.\d+/.exec(stdout)?.[0]}`;
  } catch (error) {
    report({ engine: version, mode: "start", error: String(error) });
    return;
  }
  const modes = ["full", "simd128", "unshared", "none"].map((mode) => ({ mode, flags: engine.flags }));
  // The real thing beside the imitation: without a compiler Node has no WebAssembly.
  if (engine.name.startsWith("Node")) {
    modes.push({ mode: "none", flags: ["--jitless", ...engine.flags] });
    // Older ones have no revectorizer that takes the tiles.
    if (Number(/\d+/.exec(version)?.[0]) >= 24) {
      modes.push({ mode: "wide", flags: engine.flags });
    }
  }
  for (const { mode, flags } of modes) {
    const isJitless = flags.includes("--jitless");
    const title = flags.find((flag) => !engine.flags.includes(flag)) ?? mode;
    try {
      const { stdout, stderr } = await runFile({ ...engine, flags }, ["command.mjs", mode], project);
      // Of --jitless older ones say there what it turns off.
      if (stderr !== "" && !isJitless) throw new Error(`standard error has ${stderr}`);
      report({ engine: version, mode: title, lines: JSON.parse(stdout) });
    } catch (error) {
      report({ engine: version, mode: title, error: (error as Error).message });
    }
  }
  try {
    const args = ["run", "text-classification", "--json", "--threads", "2", "Who wrote the opera Carmen?"];
    const { stdout } = await runFile(engine, ["node_modules/convbert/dist/cli.js", ...args], project);
    if (!stdout.includes('"HUM"')) throw new Error(`expected the label HUM, got ${stdout}`);
    report({ engine: version, mode: "the command", lines: [{ check: "run", description: "answers", difference: 0 }] });
  } catch (error) {
    report({ engine: version, mode: "the command", error: (error as Error).message });
  }
}

async function checkBrowser(name: Browser["name"], project: string): Promise<void> {
  const browser = findBrowser(name);
  if (browser === undefined) {
    const hint = `is not on this machine: install it or set ${name.toUpperCase()}_PATH`;
    report({ engine: name, mode: "start", error: `${name} ${hint}` });
    return;
  }
  const { server, origin } = await servePages(project);
  try {
    await runPages(browser, origin, (version, page, { lines, error }) =>
      report({
        engine: version,
        mode: page.name,
        ...(error === undefined ? { lines: lines as Line[] } : { error }),
      }),
    );
  } catch (error) {
    report({ engine: name, mode: "start", error: String(error) });
  } finally {
    server.close();
  }
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const project = mkdtempSync(join(tmpdir(), "convbert-runtimes-"));
try {
  installEngines();
  console.error("packing and installing the packages");
  installPackages(project, packPackages(project));
  for (const file of ["check.mjs", "relaxed.mjs", "command.mjs", "page.mjs", "record.mjs"]) {
    copyFileSync(here(`./${file}`), join(project, file));
  }
  for (const name of ["question-classification", "chunking"]) {
    copyFileSync(here(`../../packages/models/${name}/expected.json`), join(project, `${name}.expected.json`));
  }
  execFileSync(process.execPath, ["record.mjs"], { cwd: project, stdio: "inherit" });
  for (const engine of listEngines().filter(({ name }) => isAsked(name))) await checkEngine(engine, project);
  const browsers = (["Chromium", "Firefox"] as const).filter(isAsked);
  if (browsers.length > 0) {
    const bundle = ["page.mjs", "--bundle", "--format=esm", "--external:node:*", "--outfile=page.js"];
    execFileSync(join(enginePackage(".bin"), "esbuild"), [...bundle, "--log-level=warning"], {
      cwd: project,
      stdio: "inherit",
    });
  }
  for (const name of browsers) await checkBrowser(name, project);
} finally {
  rmSync(project, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(results));
const failed = results.filter(({ error }) => error !== undefined).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
