import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bookParagraphs, clozeArticle, recipeRandom } from "./cloze.ts";
import type { Files } from "./files.ts";
import { COMMON, NEW, RECIPES, type Recipe } from "./recipes.ts";
import { type Article, type Squad, splitArticles } from "./squad.ts";

// Trains the models of packages/models again, with the `convbert` command of this repository. See README.md.

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: join(root, "../shared/data") },
    vocab: { type: "string", default: join(root, "packages/models/chunking/vocab.txt") },
    embeddings: { type: "string" },
    encoder: { type: "string", default: join(root, "packages/models/sentence-encoder") },
    soft: { type: "string" },
    output: { type: "string", default: join(root, "runs") },
    seeds: { type: "string" },
    threads: { type: "string", default: "1" },
    install: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help || positionals.length === 0) {
  console.log(`node tooling/recipes/train.ts NAME... [--embeddings FILE] [--data FOLDER] [--vocab FILE] [--output FOLDER]
  [--encoder FOLDER] [--soft FOLDER] [--seeds 0,1,2] [--threads 1]
  [--install: write the result into packages/models, in 8 bits]
NAME: ${Object.keys(RECIPES).join(", ")}, or all`);
  process.exit(positionals.length === 0 && !flags.help ? 2 : 0);
}
const command = join(root, "packages/convbert/dist/cli.js");
if (!existsSync(command)) throw new Error(`${command} is missing; build first: npm run build`);

/** Times that each training paragraph is asked about; which words it is asked about differs. */
const CLOZE_ROUNDS = 3;

const names = positionals.includes("all") ? Object.keys(RECIPES) : positionals;
for (const name of names) {
  const recipe = RECIPES[name];
  if (recipe === undefined) throw new Error(`${name} is none of ${Object.keys(RECIPES).join(", ")}`);
  const seeds = flags.seeds?.split(",") ?? [String(recipe.seed)];
  for (const seed of seeds) train(name, recipe, seed);
  if (flags.seeds !== undefined) continue;
  if (flags.install && recipe.shipped !== false) install(name);
}

/** Runs `convbert train`. */
function train(name: string, recipe: Recipe, seed: string): void {
  const scratch = mkdtempSync(join(tmpdir(), "convbert-data-"));
  const output = join(flags.output, `${name}-${seed}`);
  const { data, eval: held = [], test = [] } = filesOf(recipe, scratch);
  console.error(`\n${name}, seed ${seed}`);
  run(command, [
    ...["train", recipe.task],
    ...data.flatMap((file) => ["--data", file]),
    ...held.flatMap((file) => ["--eval", file]),
    ...test.flatMap((file) => ["--test", file]),
    ...(recipe.from ? ["--model", trained(recipe.from)] : [...NEW, "--vocab", flags.vocab]),
    ...COMMON,
    ...recipe.options,
    ...["--seed", seed, "--threads", flags.threads, "--output", output, "--overwrite"],
    ...["--dataset-name", recipe.dataset, "--terms", recipe.terms, "--license", recipe.license],
    ...(flags.embeddings && !recipe.from ? ["--init-embeddings", flags.embeddings] : []),
  ]);
  rmSync(scratch, { recursive: true });
}

function filesOf(recipe: Recipe, scratch: string): Files {
  if (recipe.files !== undefined) return recipe.files(flags.data, scratch, flags);
  const files = (paths: readonly string[] = []) => paths.map((path) => join(flags.data, path));
  const own = files(recipe.data);
  if (recipe.task === "question-answering") {
    const [data, test] = questionFiles(own[0]!, files(recipe.cloze), scratch);
    return { data, test };
  }
  return { data: own, eval: files(recipe.eval), test: files(recipe.test) };
}

/** Writes a model into its package, in 8 bits; logs and checkpoints stay with the run, and what is the package's own stays. */
function install(name: string): void {
  const folder = join(root, "packages/models", name);
  const scratch = mkdtempSync(join(tmpdir(), "convbert-model-"));
  run(command, ["convert", trained(name), scratch, "--dtype", "int8", "--overwrite"]);
  for (const file of [
    "config.json",
    "model.safetensors",
    "vocab.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
  ]) {
    cpSync(join(scratch, file), join(folder, file));
  }
  const metrics = join(flags.output, `${name}-${RECIPES[name]!.seed}`, "metrics.json");
  if (existsSync(metrics)) cpSync(metrics, join(folder, "metrics.json"));
  rmSync(scratch, { recursive: true });
}

/** Runs a script of this repository to its end, or ends with it. */
function run(script: string, args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/** Where a recipe's model is: in the output folder. */
function trained(name: string): string {
  if (name === "sentence-encoder") return flags.encoder;
  const folder = join(flags.output, `${name}-${RECIPES[name]!.seed}`);
  if (!existsSync(join(folder, "config.json"))) throw new Error(`${folder} is missing; train ${name} first`);
  return folder;
}

/**
 * Files to train on and to test with: the last fifth of a SQuAD file's articles is the test set, the others are for
 * training, or their text and that of `books` is, with questions made of it.
 */
function questionFiles(file: string, books: readonly string[], folder: string): [string[], string[]] {
  const { training: articles, test: held } = splitArticles(JSON.parse(readFileSync(file, "utf8")));
  const write = (name: string, data: readonly Article[]) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ version: "1.1", data } satisfies Squad));
    return [path];
  };
  const test = write("test.json", held);
  if (books.length === 0) return [write("train.json", articles), test];
  const random = recipeRandom(0);
  const contexts = articles.flatMap(({ paragraphs }) => paragraphs.map(({ context }) => context));
  const made = Array.from({ length: CLOZE_ROUNDS }, (_, round) => clozeArticle(`articles-${round}`, contexts, random));
  for (const book of books) {
    made.push(clozeArticle(basename(book), bookParagraphs(readFileSync(book, "utf8")), random));
  }
  return [write("train.json", made), test];
}
