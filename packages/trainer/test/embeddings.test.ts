import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { weightFiles } from "@convbert/converter";
import { writeFiles } from "@convbert/files";
import { Random } from "@convbert/nn/internal";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialiseWordEmbeddings } from "../src/embeddings.js";
import { tinyConfig, tinyModel } from "./tiny.js";

const ROWS = tinyConfig.vocab_size;
const SIZE = 12;
const KEPT = tinyConfig.embedding_size;
/** Standard deviation along each axis before the turn: the last ones are to be lost. */
const SPREAD = Array.from({ length: SIZE }, (_, i) => (i < KEPT ? 3 - i / 4 : 0.01));

let folder = "";
let table: Float32Array;

/** Rows that vary along turned axes, and lie far from zero. */
function turnedRows(): Float32Array {
  const random = new Random(5);
  const rows = Float32Array.from({ length: ROWS * SIZE }, (_, i) => random.normal() * SPREAD[i % SIZE]!);
  for (let turn = 0; turn < 60; turn++) {
    const [a, b] = [turn % SIZE, (turn * 5 + 1 + Math.floor(turn / SIZE)) % SIZE];
    if (a === b) continue;
    const angle = random.uniform() * Math.PI;
    for (let row = 0; row < ROWS; row++) {
      const [x, y] = [rows[row * SIZE + a]!, rows[row * SIZE + b]!];
      rows[row * SIZE + a] = Math.cos(angle) * x - Math.sin(angle) * y;
      rows[row * SIZE + b] = Math.sin(angle) * x + Math.cos(angle) * y;
    }
  }
  return rows.map((value, i) => value + 10 + (i % SIZE));
}

async function save(name: string, tensor: string, shape: number[], data: Float32Array): Promise<string> {
  const { files } = await weightFiles([{ name: tensor, shape, dtype: "F32", data: () => data }]);
  await writeFiles(join(folder, name), files);
  return join(folder, name, "model.safetensors");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-embeddings-"));
  table = turnedRows();
});
afterAll(() => rm(folder, { recursive: true }));

function distance(values: Float32Array, size: number, a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += (values[a * size + i]! - values[b * size + i]!) ** 2;
  return Math.sqrt(sum);
}

describe("word embeddings of another encoder", () => {
  it("are projected so that distances stay, and scaled", async () => {
    const file = await save("bert", "bert.embeddings.word_embeddings.weight", [ROWS, SIZE], table);
    using model = await tinyModel();
    await initialiseWordEmbeddings(model, file);
    const { data: values } = model.getInputEmbeddings();
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
    expect(deviation).toBeCloseTo(0.05, 6);
    // Each direction is centred.
    for (let i = 0; i < KEPT; i++) {
      let sum = 0;
      for (let row = 0; row < ROWS; row++) sum += values[row * KEPT + i]!;
      expect(Math.abs(sum / ROWS)).toBeLessThan(1e-6);
    }
    const scale = distance(values, KEPT, 0, 1) / distance(table, SIZE, 0, 1);
    for (let a = 0; a < ROWS; a++) {
      for (let b = 0; b < a; b++) {
        expect(distance(values, KEPT, a, b) / distance(table, SIZE, a, b) / scale).toBeCloseTo(1, 2);
      }
    }
  });

  it("must fit the vocabulary and be large enough", async () => {
    using model = await tinyModel();
    const name = "embeddings.word_embeddings.weight";
    const rows = await save("rows", name, [ROWS - 1, SIZE], table.slice(SIZE));
    await expect(initialiseWordEmbeddings(model, rows)).rejects.toThrow(`it has ${ROWS - 1} words, the model ${ROWS}`);
    const small = await save("small", name, [ROWS, 4], table.slice(0, ROWS * 4));
    await expect(initialiseWordEmbeddings(model, small)).rejects.toThrow("its vectors have 4 numbers, the model's 8");
    const other = await save("other", "something", [ROWS, SIZE], table);
    await expect(initialiseWordEmbeddings(model, other)).rejects.toThrow("has no table named");
    await expect(initialiseWordEmbeddings(model, join(folder, "nothing.safetensors"))).rejects.toThrow("no file");
  });
});
