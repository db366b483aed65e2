/**
 * Trains a vocabulary on every text file of a folder, with ours and with the Rust trainer, compares them and prints both
 * times. Exits with 1 where one token differs.
 *
 *     node tooling/reference/tokenizer-training.ts PYTHON FOLDER [--size 30000]
 *
 * PYTHON is a Python with tokenizers 0.14.1. Build the package first. The Rust trainer numbers continuations of one
 * character in the order of a hash map, another in each run; ours is handed the order of this run.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: "string", default: "30000" } },
});
const [python, folder] = positionals;
if (!python || !folder) throw new Error("usage: tokenizer-training.ts PYTHON FOLDER [--size N]");

const files = readdirSync(folder)
  .filter((file) => file.endsWith(".txt"))
  .sort()
  .map((file) => join(folder, file));
const script = fileURLToPath(new URL("./tokenizer-trained.py", import.meta.url));
const output = execFileSync(python, [script, "--size", values.size, ...files], { maxBuffer: 1 << 28 });
const { tokens: expected, seconds } = JSON.parse(output.toString()) as { tokens: string[]; seconds: number };

const { trainWordPieceFromFiles } = await import(
  new URL("../../packages/tokenizer/dist/training.js", import.meta.url).href
);
const continuingAlphabet = expected.filter((token) => /^##.$/u.test(token)).map((token) => token.slice(2));
const start = performance.now();
const tokens: string[] = await trainWordPieceFromFiles(files, { vocab_size: Number(values.size), continuingAlphabet });
const ours = (performance.now() - start) / 1000;

const at = expected.findIndex((token, i) => token !== tokens[i]);
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
console.log(
  `${files.length} files, ${bytes} bytes, ${expected.length} tokens: ours ${ours.toFixed(1)} s, Rust ${seconds.toFixed(1)} s`,
);
if (at >= 0 || tokens.length !== expected.length) {
  console.log(`different: ${tokens.length} tokens, first at ${at}: ours ${tokens[at]}, Rust ${expected[at]}`);
  process.exitCode = 1;
} else {
  console.log("equal, ids included");
}
