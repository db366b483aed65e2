import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bookParagraphs, clozeArticle, recipeRandom } from "./cloze.ts";
import { COMMON, NEW, RECIPES } from "./recipes.ts";
import { type Article, type Squad, splitArticles } from "./squad.ts";

// Trains the models of packages/models again, with the `convbert` command of this repository. See README.md.

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: join(root, "../shared/data") },
    vocab: { type: "string", default: join(root, "packages/models/chunking/vocab.txt") },
    embeddings: { type: "string" },
    output: { type: "string", default: join(root, "runs") },
    seeds: { type: "string" },
    threads: { type: "string", default: "1" },
    install: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help || positionals.length === 0) {
  console.log(`node tooling/recipes/train.ts NAME... [--embeddings FILE] [--data FOLDER] [--vocab FILE] [--output FOLDER]
  [--seeds 0,1,2] [--threads 1] [--install: copy the result into packages/models]
NAME: ${Object.keys(RECIPES).join(", ")}, or all`);
  process.exit(positionals.length === 0 && !flags.help ? 2 : 0);
}
const command = join(root, "packages/convbert/dist/cli.js");
if (!existsSync(command)) throw new Error(`${command} is missing; build first: npm run build`);

/** What a card, a report and a tokenizer need; logs and checkpoints stay with the run. */
const SHIPPED = [
  "config.json",
  "model.safetensors",
  "vocab.txt",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "metrics.json",
];

/** Times that each training paragraph is asked about; which words it is asked about differs. */
const CLOZE_ROUNDS = 3;

const names = positionals.includes("all") ? Object.keys(RECIPES) : positionals;
for (const name of names) {
  const recipe = RECIPES[name];
  if (recipe === undefined) throw new Error(`${name} is none of ${Object.keys(RECIPES).join(", ")}`);
  for (const seed of flags.seeds?.split(",") ?? [String(recipe.seed)]) {
    const scratch = mkdtempSync(join(tmpdir(), "convbert-data-"));
    const files = (paths: readonly string[]) => paths.map((path) => join(flags.data, path));
    let [data, test] = [files(recipe.data), files(recipe.test ?? [])];
    if (recipe.task === "question-answering")
      [data, test] = questionFiles(data[0]!, files(recipe.cloze ?? []), scratch);
    const output = join(flags.output, `${name}-${seed}`);
    const args = [
      ...["train", recipe.task],
      ...data.flatMap((file) => ["--data", file]),
      ...files(recipe.eval ?? []).flatMap((file) => ["--eval", file]),
      ...test.flatMap((file) => ["--test", file]),
      ...(recipe.from ? ["--model", trained(recipe.from)] : [...NEW, "--vocab", flags.vocab]),
      ...COMMON,
      ...recipe.options,
      ...["--seed", seed, "--threads", flags.threads, "--output", output, "--overwrite"],
      ...["--dataset-name", recipe.dataset, "--terms", recipe.terms, "--license", recipe.license],
      ...(flags.embeddings && !recipe.from ? ["--init-embeddings", flags.embeddings] : []),
    ];
    console.error(`\n${name}, seed ${seed}`);
    const { status } = spawnSync(process.execPath, [command, ...args], { stdio: "inherit" });
    rmSync(scratch, { recursive: true });
    if (status !== 0) process.exit(status ?? 1);
    if (flags.install && recipe.shipped !== false && seed === String(recipe.seed)) {
      const folder = join(root, "packages/models", name);
      mkdirSync(folder, { recursive: true });
      for (const file of SHIPPED) {
        if (existsSync(join(output, file))) cpSync(join(output, file), join(folder, file));
      }
    }
  }
}

/** Where a recipe's model is: of this run's output, else the shipped one. */
function trained(name: string): string {
  const { seed, shipped } = RECIPES[name]!;
  const own = join(flags.output, `${name}-${seed}`);
  if (existsSync(join(own, "config.json"))) return own;
  if (shipped === false) throw new Error(`${own} is missing; train ${name} first`);
  return join(root, "packages/models", name);
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
