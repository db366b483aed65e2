import { readSafetensors } from "@convbert/converter";
import { type RandomAccessFile, withFiles } from "@convbert/files";
import { TrainerOptionError } from "../option-error.js";
import type { IndexedDataset } from "./dataset.js";
import type { SentenceExample } from "./examples.js";

/** A table of vectors that stays in its file: a row is read when it is wanted. */
export interface VectorTable {
  readonly rows: number;
  /** Numbers of a vector. */
  readonly size: number;
  get(row: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file with one table `[texts, size]` of floats, whatever its name: what a teacher makes of a file of
 * texts, row by row.
 * @param source a path, or the file's bytes.
 * @throws WeightsError and FilesError for what cannot be read; TrainerOptionError where there is not exactly one table.
 */
export async function openVectors(source: string | Uint8Array): Promise<VectorTable> {
  const file = typeof source === "string" ? await openPath(source) : source;
  try {
    const reader = await readSafetensors(file);
    const tables = [...reader.tensors.values()].filter(({ shape }) => shape.length === 2);
    const [table] = tables;
    if (table === undefined || tables.length > 1) {
      const names = [...reader.tensors.keys()].slice(0, 8).join(", ");
      const name = typeof source === "string" ? source : "the file";
      throw new TrainerOptionError("vectors", name, `it needs one table [texts, size]; it has ${names || "nothing"}`);
    }
    const [rows, size] = table.shape as [number, number];
    return {
      rows,
      size,
      get: (row) => reader.slice(table.name, row * size, size),
      close: () => reader.close(),
    };
  } catch (error) {
    if (!(file instanceof Uint8Array)) await file.close();
    throw error;
  }
}

async function openPath(source: string): Promise<RandomAccessFile> {
  const path = await import("node:path");
  return withFiles(path.dirname(path.resolve(source)), {}, (files) => files.open(path.basename(source)));
}

/** A data set whose example `i` shall get row `i` of the vectors. Throws TrainerOptionError for another number of rows. */
export function withVectors(
  dataset: IndexedDataset<SentenceExample>,
  vectors: VectorTable,
): IndexedDataset<SentenceExample> {
  if (dataset.length !== vectors.rows) {
    throw new TrainerOptionError("vectors", vectors.rows, `there are ${dataset.length} texts; give a row for each`);
  }
  const get = async (index: number): Promise<SentenceExample> => {
    const example = await dataset.get(index);
    return { ...example, vector: await vectors.get(index) };
  };
  return {
    length: dataset.length,
    get,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < dataset.length; i++) yield await get(i);
    },
    async close() {
      await vectors.close();
      await dataset.close();
    },
  };
}
