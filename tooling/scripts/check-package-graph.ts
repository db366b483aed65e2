// The package graph is law: what each package may depend on. Run by `turbo run //#graph`.
// knip makes sure that the manifests list what the sources import; this makes sure that they list nothing forbidden.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Workspace packages that each one may use at run time. */
const ALLOWED: Record<string, { runtime: string[] }> = {
  "@convbert/tensor": { runtime: [] },
  "@convbert/files": { runtime: [] },
  "@convbert/tokenizer": { runtime: ["@convbert/files"] },
  "@convbert/converter": { runtime: ["@convbert/files"] },
  "@convbert/nn": { runtime: ["@convbert/tensor", "@convbert/converter", "@convbert/files"] },
  "@convbert/model": { runtime: ["@convbert/tensor", "@convbert/converter", "@convbert/files", "@convbert/nn"] },
  "@convbert/heads": {
    runtime: ["@convbert/tensor", "@convbert/converter", "@convbert/files", "@convbert/nn", "@convbert/model"],
  },
  "@convbert/pipelines": {
    runtime: ["@convbert/tensor", "@convbert/files", "@convbert/model", "@convbert/heads", "@convbert/tokenizer"],
  },
  "@convbert/trainer": {
    runtime: [
      "@convbert/tensor",
      "@convbert/files",
      "@convbert/converter",
      "@convbert/nn",
      "@convbert/model",
      "@convbert/heads",
      "@convbert/tokenizer",
    ],
  },
  // Adapters: nothing of ours depends on them but `convbert`, under an address of their own.
  "@convbert/tfjs": {
    runtime: ["@convbert/tensor", "@convbert/files", "@convbert/converter", "@convbert/nn", "@convbert/model"],
  },
  // Gets vectors from whoever has them, so that a search needs no model.
  "@convbert/search": { runtime: ["@convbert/tensor", "@convbert/converter", "@convbert/files"] },
  "@convbert/onnx": {
    runtime: ["@convbert/tensor", "@convbert/converter", "@convbert/files", "@convbert/model", "@convbert/heads"],
  },
  convbert: {
    runtime: [
      "@convbert/search",
      "@convbert/onnx",
      "@convbert/tfjs",
      "@convbert/tensor",
      "@convbert/files",
      "@convbert/converter",
      "@convbert/nn",
      "@convbert/model",
      "@convbert/heads",
      "@convbert/tokenizer",
      "@convbert/pipelines",
      "@convbert/trainer",
    ],
  },
  "@convbert/playground": {
    runtime: [
      "@convbert/converter",
      "@convbert/files",
      "@convbert/heads",
      "@convbert/model",
      "@convbert/onnx",
      "@convbert/pipelines",
      "@convbert/tfjs",
      "@convbert/tokenizer",
      "@convbert/trainer",
      "convbert",
    ],
  },
};

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** Data: weights and vocabulary, which need nothing and which the command finds where somebody has installed them. */
const MODEL = /^@convbert\/model-/;

const manifests = ["packages", "packages/models", "apps"]
  .flatMap((group) => readdirSync(group).map((name) => join(group, name, "package.json")))
  .filter((path) => existsSync(path))
  .map((path) => ({ path, manifest: JSON.parse(readFileSync(path, "utf8")) as Manifest }));
const workspace = new Set(manifests.map(({ manifest }) => manifest.name));
const problems: string[] = [];

for (const { path, manifest } of manifests) {
  const allowed = MODEL.test(manifest.name) ? { runtime: [] } : ALLOWED[manifest.name];
  if (allowed === undefined) {
    problems.push(`${path}: ${manifest.name} has no place in the package graph; add it to ALLOWED with a reason`);
    continue;
  }
  const inWorkspace = (names: object | undefined) => Object.keys(names ?? {}).filter((name) => workspace.has(name));
  const isFound = (name: string) => manifest.name === "convbert" && MODEL.test(name);
  for (const name of [...inWorkspace(manifest.dependencies), ...inWorkspace(manifest.peerDependencies)]) {
    if (!allowed.runtime.includes(name) && !(isFound(name) && !Object.hasOwn(manifest.dependencies ?? {}, name))) {
      problems.push(`${path}: ${manifest.name} must not depend on ${name}`);
    }
  }
  for (const name of inWorkspace(manifest.devDependencies)) {
    if (!allowed.runtime.includes(name) && !isFound(name)) {
      problems.push(`${path}: ${manifest.name} must not use ${name}, not even to build`);
    }
  }
}

const visiting: string[] = [];
const finished = new Set<string>();
function visit(name: string): void {
  if (visiting.includes(name)) {
    problems.push(`cycle in the allowed graph: ${[...visiting, name].join(" -> ")}`);
    return;
  }
  if (finished.has(name)) {
    return;
  }
  visiting.push(name);
  for (const next of ALLOWED[name]?.runtime ?? []) {
    visit(next);
  }
  visiting.pop();
  finished.add(name);
}
for (const name of Object.keys(ALLOWED)) {
  visit(name);
}

for (const problem of problems) {
  console.error(problem);
}
if (problems.length === 0) {
  console.log(`package graph: ${manifests.length} packages, no forbidden dependency, no cycle`);
}
process.exit(problems.length === 0 ? 0 : 1);
