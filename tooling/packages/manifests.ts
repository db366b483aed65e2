import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { Packed } from "./install.ts";
import { strayFiles } from "./strays.ts";

/** The oldest Node that can `require` ES modules. */
const ENGINES = ">=20.19";

/** Everything that is wrong with how a package presents itself, a line each. */
export async function manifestProblems(project: string, packed: Packed): Promise<string[]> {
  const { manifest, files } = packed;
  const folder = join(project, "node_modules", manifest.name);
  const problems: string[] = [];
  const isCode = packed.entries.length > 0;
  for (const needed of [
    "package.json",
    "README.md",
    "LICENSE",
    ...(isCode ? ["dist/index.js", "dist/index.d.ts"] : []),
    // Unicode's terms want their notice beside its tables.
    ...(manifest.name === "@convbert/tokenizer" ? ["THIRD-PARTY.md"] : []),
  ]) {
    if (!existsSync(join(folder, needed))) problems.push(`lacks ${needed}`);
  }
  const foreign = files.filter((path) => /^(src|test|kernels|assembly|reports)\//.test(path));
  if (foreign.length > 0) problems.push(`holds ${foreign.slice(0, 3).join(", ")}`);
  const strays = isCode ? strayFiles(folder, packed) : [];
  if (strays.length > 0) {
    problems.push(
      `its dist holds what an earlier build left (${strays.slice(0, 3).join(", ")}); delete it and build again`,
    );
  }
  if (isCode && manifest.engines?.node !== ENGINES)
    problems.push(`engines.node is ${manifest.engines?.node}, not ${ENGINES}`);
  if (manifest.license === undefined) problems.push("names no license");
  if ((manifest.keywords?.length ?? 0) === 0) problems.push("has no keywords");
  const { messages } = await publint({ pkgDir: folder, level: "warning", pack: false });
  const installed = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  problems.push(...messages.map((message) => `publint: ${formatMessage(message, installed) ?? message.code}`));
  if (isCode) problems.push(...(await typeResolutionProblems(packed)));
  return problems;
}

/** That the types found are those of the code found, in each way to resolve modules. The packages are ES modules only. */
async function typeResolutionProblems({ manifest, tarball, entries }: Packed): Promise<string[]> {
  const pack = createPackageFromTarballData(new Uint8Array(readFileSync(tarball)));
  const entrypoints = entries.map((entry) => `.${entry.slice(manifest.name.length)}`);
  const result = await checkPackage(pack, { entrypoints });
  if (!result.types) return ["attw: no types"];
  // TypeScript's old "node10" knows no exports; Node 20.19 and newer can `require` an ES module.
  const isExpected = (problem: Problem): boolean =>
    problem.kind === "CJSResolvesToESM" || ("resolutionKind" in problem && problem.resolutionKind === "node10");
  return result.problems.filter((problem) => !isExpected(problem)).map((problem) => `attw: ${JSON.stringify(problem)}`);
}
