import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { run } from "./install.ts";
import type { Sandbox } from "./sandbox.ts";
import { compile } from "./types.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a README, and what a comment before it says of it. */
interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
  readonly notes: readonly string[];
}

/** TypeScript that stands for itself: a block with those that continue it. */
interface Example {
  readonly name: string;
  readonly code: string;
  readonly runs: boolean;
}

/**
 * The TypeScript of a README. A comment before a block says what its reader knows and the compiler does not:
 * `<!-- example: runs -->`, `<!-- example: continues -->` (the block before), `<!-- example: with CODE -->` (is put
 * before it). Blocks that run are held to the values in their comments, see {@link withChecks}.
 */
export function examplesOf(path: string): Example[] {
  const examples: { name: string; code: string; runs: boolean }[] = [];
  for (const { language, code, line, notes } of blocksOf(readFileSync(join(root, path), "utf8"))) {
    if (language !== "ts") continue;
    const runs = notes.includes("runs");
    const preamble = notes.filter((note) => note.startsWith("with ")).map((note) => `${note.slice(5)}\n`);
    const previous = examples.at(-1);
    if (notes.includes("continues") && previous !== undefined) {
      previous.code += `${preamble.join("")}${code}`;
      previous.runs ||= runs;
    } else {
      examples.push({ name: `${path}:${line}`, code: preamble.join("") + code, runs });
    }
  }
  return examples;
}

/** The commands of a README's shell blocks that say they run. */
function commandsOf(path: string): string[] {
  return blocksOf(readFileSync(join(root, path), "utf8"))
    .filter(({ language, notes }) => language === "sh" && notes.includes("runs"))
    .map(({ code }) => code);
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let notes: string[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (open !== undefined && fence === null) open.lines.push(line);
    else if (open !== undefined) {
      blocks.push({ language: open.language, code: `${open.lines.join("\n")}\n`, line: open.line, notes });
      open = undefined;
      notes = [];
    } else if (fence !== null) open = { language: fence[1]!, line: index + 1, lines: [] };
    else {
      const note = /^<!-- example: (.+) -->$/.exec(line)?.[1];
      if (note !== undefined) notes.push(note);
      else if (line.trim() !== "") notes = [];
    }
  }
  return blocks;
}

/**
 * Adds to each statement whose comment is a value (`f(x);  // [{ label: "HUM" }]`) a check that it gives that value:
 * numbers to the digits that are shown, objects in the fields that are shown.
 */
function withChecks(code: string, where: string): string {
  const lines = code.split("\n").map((line) => {
    const match = /^\s*(?:console\.log\((.+)\)|(?!const |let |using |import |for |if |\/\/)(.+?));\s*\/\/ (.+)$/.exec(
      line,
    );
    if (match === null) return line;
    const [, logged, plain, comment] = match;
    const value = /^(?:\[.*\]|\{.*\}|"[^"]*"|-?\d[\d._]*|true|false)/.exec(comment!)?.[0];
    if (value === undefined || !parses(value)) return line;
    const shown = JSON.stringify(`${where}: ${line.trim()}`);
    return `__check(${logged ?? plain}, (${value}), ${JSON.stringify(value)}, ${shown});`;
  });
  return `${CHECK}${lines.join("\n")}`;
}

function parses(expression: string): boolean {
  try {
    new Function(`return (${expression});`)();
    return true;
  } catch {
    return false;
  }
}

const CHECK = `
const __digits = (text, value) => (text.match(new RegExp(String(value).replace(".", "\\\\.") + "0*")) ?? [String(value)])[0].split(".")[1]?.length ?? 0;
const __same = (got, wanted, text) => {
  if (typeof wanted === "number") return Math.abs(Number(got) - wanted) <= 0.5 * 10 ** -__digits(text, wanted) + 1e-9;
  if (wanted === null || typeof wanted !== "object") return got === wanted;
  if (got === null || typeof got !== "object") return false;
  if (Array.isArray(wanted) && got.length !== wanted.length) return false;
  return Object.keys(wanted).every((key) => __same(got[key], wanted[key], text));
};
const __check = (got, wanted, text, where) => {
  if (!__same(got, wanted, text)) throw new Error(where + " gave " + JSON.stringify(got));
};
`;

/** Compiles the examples of a README, strictly; runs those that say they run, code on each Node, in the sandbox. */
export function checkExamples(project: string, sandbox: Sandbox, path: string, nodes: readonly string[]): string {
  const examples = examplesOf(path);
  const files = examples.map(({ code }, index) => {
    const file = `example-${path.replaceAll(/\W+/g, "-")}-${index}.ts`;
    writeFileSync(join(project, file), `${code}\nexport {};\n`);
    return file;
  });
  if (files.length > 0) compile(project, files);
  let ran = 0;
  for (const [index, { code, name, runs }] of examples.entries()) {
    if (!runs) continue;
    const file = join(project, files[index]!.replace(/ts$/, "mjs"));
    const checked = withChecks(code, name);
    writeFileSync(file, transformSync(checked, { loader: "ts", target: "es2022", format: "esm" }).code);
    for (const node of nodes) run(node, [file], sandbox.cwd, 120, sandbox.env);
    ran++;
  }
  for (const commands of commandsOf(path)) {
    run("bash", ["-euo", "pipefail", "-c", commands], sandbox.cwd, 300, sandbox.env);
    ran++;
  }
  return `${examples.length} compile, ${ran} run`;
}
