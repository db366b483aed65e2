import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@convbert/converter";
import { pipeline } from "@convbert/pipelines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

const WORDS = "good fine bad dull film book a the very is it was . ?".split(" ");
const SHAPE = "--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24 --max-positions 48";
const TINY = `${SHAPE} --batch-size 8 --lr 5e-3 --threads 1 --epochs 4 --dropout 0 --unpadded`.split(" ");

let folder = "";
const file = (name: string): string => join(folder, name);
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const texts = Array.from({ length: 24 }, (_, i) => `the ${i % 2 ? "film" : "book"} is ${WORDS[i % 4]}`);

async function vectors(name: string, rows: number): Promise<void> {
  const data = Float32Array.from({ length: rows * 16 }, (_, i) => (i % 16 === Math.floor(i / 16) % 4 ? 1 : 0));
  const pieces: Uint8Array[] = [];
  for await (const piece of writeSafetensors([{ name: "v", dtype: "F32", shape: [rows, 16], data: () => data }])) {
    pieces.push(Uint8Array.from(piece));
  }
  await writeFile(file(name), Buffer.concat(pieces));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-sentences-"));
  await writeFile(file("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n"));
  await writeFile(file("texts.txt"), `${texts.join("\n")}\n`);
  await vectors("teacher.safetensors", texts.length);
  await vectors("short.safetensors", 3);
  await writeFile(file("pairs.csv"), "text,text_pair,score\nthe film,the book,0.5\na film,a film,1\ngood,bad,0\n");
  const triples = texts.map((text, i) => ({ q: text, p: `${text} .`, n: texts[(i + 1) % 24], s: i / 24 }));
  await writeFile(file("triples.jsonl"), lines(triples));
});
afterAll(() => rm(folder, { recursive: true }));

function train(output: string, ...args: string[]) {
  const start = ["--vocab", file("vocab.txt"), "--output", file(output), ...TINY];
  return convbert(["train", "sentence-embedding", ...start, ...args]);
}

const TRIPLES = ["--text-column", "q", "--pair-column", "p", "--keep-last"];

describe("sentence-embedding", () => {
  test("learns a teacher's vectors, measured with scored pairs", async () => {
    const held = ["--eval", file("pairs.csv"), "--test", file("pairs.csv"), "--save-dtype", "int8"];
    const data = ["--data", file("texts.txt"), "--teacher", file("teacher.safetensors"), "--relations", "2"];
    const { code, stdout, stderr } = await train("taught", ...data, ...held, "--max-length", "16", "--keep-last");
    expect({ code, stderr: stderr.includes("spearman") }).toEqual({ code: 0, stderr: true });
    expect(stdout).toMatch(/evaluation: spearman .* pearson .*\ntest: .*\ntestAsSaved: .*/);
    const log = await readFile(join(file("taught"), "training-log.jsonl"), "utf8");
    const losses = [...log.matchAll(/"type":"step".*?"loss":([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(12);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    const card = await readFile(join(file("taught"), "README.md"), "utf8");
    expect(card).toContain("sentence-similarity");
    expect(card).toContain("convbert run feature-extraction --model taught");
    expect(JSON.parse(await readFile(join(file("taught"), "config.json"), "utf8")).architectures).toEqual([
      "ConvBertModel",
    ]);
    // A folder of sentence-transformers, whose vectors are pooled and scaled.
    using extract = await pipeline("feature-extraction", file("taught"));
    const vector = await extract("the film is good");
    expect(vector.shape).toEqual([16]);
    expect(Math.hypot(...vector.data)).toBeCloseTo(1, 5);
    expect(JSON.parse(await readFile(join(file("taught"), "sentence_bert_config.json"), "utf8"))).toMatchObject({
      max_seq_length: 16,
    });
    // The names of the reference's base model, without a head's prefix.
    const reader = await readSafetensors(await readFile(join(file("taught"), "model.safetensors")));
    expect([...reader.tensors.keys()]).toContain("embeddings.position_embeddings.weight");
  });

  test.each([
    ["pairs", ["--negative-column", "n", "--cosine-scale", "10", "--texts-at-once", "7"], "mrr"],
    ["scores", ["--score-column", "s"], "spearman"],
    ["triplets", ["--negative-column", "n", "--margin", "0.2", "--measure", "retrieval"], "recall@1"],
  ])("learns %s", async (loss, args, metric) => {
    const data = ["--data", file("triples.jsonl"), "--eval-share", "0.25", "--loss", loss, "--pooling", "first"];
    const { code, stdout, stderr } = await train(loss, ...data, ...TRIPLES, ...args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(`${metric} `);
  });

  test.each([
    [["--data", "texts.txt"], "say what sentence-embedding learns"],
    [["--data", "texts.txt", "--loss", "regression"], "needs --teacher FILE"],
    [["--data", "texts.txt", "--teacher", "short.safetensors"], "3 vectors"],
    [["--data", "texts.txt", "--data", "texts.txt", "--teacher", "teacher.safetensors"], "2 files of texts and 1 of"],
    [["--data", "texts.txt", "--teacher", "texts.txt"], "not a safetensors file"],
    [["--data", "texts.txt", "--teacher", "teacher.safetensors", "--eval-share", "0.1"], "give --eval"],
    [["--data", "triples.jsonl", "--loss", "pairs", "--teacher", "teacher.safetensors"], "not for pairs"],
    [["--data", "triples.jsonl", "--loss", "scores", "--margin", "1"], "--margin is for --loss triplets"],
    [["--data", "triples.jsonl", "--loss", "pairs"], 'there is no "text"'],
    [["--data", "triples.jsonl", "--loss", "pairs", "--label-smoothing", "0.1"], "not for sentence-embedding"],
  ])("refuses %j", async (args, message) => {
    const named = args.map((arg) => (/\.(txt|jsonl|safetensors)$/.test(arg) ? file(arg) : arg));
    const { code, stderr } = await train("refused", ...named);
    expect(stderr).toContain(message);
    expect(code).not.toBe(0);
  });
});
