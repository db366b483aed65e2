// `npm test`: installs, then runs every check of every package through turbo and adds up what the test runners reported.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { install, root, run } from "./toolchain.mjs";

const WORKSPACES = ["packages", "apps"];
const folders = WORKSPACES.flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)));
// turbo lays what it has cached over what an earlier build has left, and what is packed here is a build's own files alone.
for (const folder of folders) {
  for (const made of ["reports", "dist"]) rmSync(join(root, folder, made), { recursive: true, force: true });
}

await install();
const checks = [
  "//#lint",
  "//#knip",
  "//#graph",
  "build",
  "typecheck",
  "//#check-tooling",
  "//#check-api",
  "test",
  "//#check-packages",
  "//#check-clone",
];
const flags = ["--continue", "--concurrency=2", "--output-logs=new-only"];
const code = await run("turbo", ["run", ...checks, ...flags], ["ignore", "inherit", "inherit"]);

const absent = new Set();
let passed = 0;
let failed = 0;
let skipped = 0;
for (const folder of folders) {
  const report = join(root, folder, "reports/vitest.json");
  const said = join(root, folder, "reports/absent.txt");
  if (existsSync(said)) {
    for (const line of readFileSync(said, "utf8").trim().split("\n")) absent.add(line);
  }
  const manifest = join(root, folder, "package.json");
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, "utf8")).scripts?.test === undefined) {
    continue;
  }
  if (!existsSync(report)) {
    process.stdout.write(`${folder}: no test report\n`);
    failed++;
    continue;
  }
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites, success } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  passed += numPassedTests;
  failed += numFailedTests + (numFailedTests === 0 && (numFailedTestSuites > 0 || !success) ? 1 : 0);
  skipped += numPendingTests;
  process.stdout.write(`${folder}: ${numPassedTests} passed, ${numFailedTests} failed\n`);
}
if (code !== 0 && failed === 0) {
  process.stdout.write("A check other than the tests failed; see above.\n");
  failed = 1;
}
for (const line of absent) process.stdout.write(`${line}\n`);
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
process.exit(code === 0 && failed === 0 ? 0 : 1);
