import { type NamedTensor, readSafetensors, type SafetensorsReader, writeSafetensors } from "@convbert/converter";
import { type ModelSource, type WriteDestination, withFiles, writeFiles } from "@convbert/files";
import type { WeightDType } from "@convbert/tensor";
import { SearchError } from "./errors.js";
import { BLOCK } from "./rows.js";

export const INDEX_FILE = "index.safetensors";

const VECTORS = "vectors";
const SCALES = "vectors_scale";
const IDS = "ids";
const TEXTS = "texts";
/** Rows that are read or written at a time. */
const ROWS = 2048;

/** What is saved, row by row. */
export interface IndexContents {
  readonly size: number;
  readonly dtype: WeightDType;
  readonly ids: readonly string[];
  readonly texts: readonly (string | undefined)[];
  row(index: number): Float32Array;
  int8Row(index: number): { readonly values: Int8Array; readonly scales: Float32Array };
}

/** Where what is read goes, in the file's order. */
export interface IndexSink {
  begin(size: number, dtype: WeightDType): Promise<void>;
  rows(values: Float32Array, ids: readonly string[], texts: readonly (string | undefined)[]): void;
  /** Whether it takes rows of 8 bits as they are. */
  int8(
    rows: { readonly values: Int8Array; readonly scales: Float32Array },
    ids: readonly string[],
    texts: readonly (string | undefined)[],
  ): boolean;
}

/**
 * Writes one safetensors file: "vectors" `[rows, size]` as float32, or as int8 with "vectors_scale" `[rows]`; "ids" and, where
 * there are some, "texts": bytes of UTF-8, a line of JSON for each row.
 */
export async function writeIndex(destination: WriteDestination, name: string, contents: IndexContents): Promise<void> {
  const { size, dtype, ids, texts } = contents;
  const count = ids.length;
  const tensors: NamedTensor[] = [
    {
      name: VECTORS,
      dtype: dtype === "int8" ? "I8" : "F32",
      shape: [count, size],
      data: () => rowsOf(count, (row) => (dtype === "int8" ? contents.int8Row(row).values : contents.row(row))),
    },
    linesOf(IDS, ids),
  ];
  if (dtype === "int8") {
    const scales = () => Float32Array.from({ length: count }, (_, row) => contents.int8Row(row).scales[0]!);
    tensors.push({ name: SCALES, dtype: "F32", shape: [count], data: scales });
  }
  if (texts.some((text) => text !== undefined)) {
    tensors.push(
      linesOf(
        TEXTS,
        texts.map((text) => text ?? null),
      ),
    );
  }
  const metadata = { format: "convbert-index", version: "1" };
  await writeFiles(destination, { [name]: writeSafetensors(tensors, { metadata }) });
}

function* rowsOf<A extends Int8Array | Float32Array>(count: number, row: (index: number) => A): Generator<A> {
  for (let index = 0; index < count; index++) yield row(index);
}

function linesOf(name: string, values: readonly (string | null)[]): NamedTensor {
  const bytes = new TextEncoder().encode(values.map((value) => JSON.stringify(value)).join("\n"));
  return { name, dtype: "U8", shape: [bytes.length], data: () => bytes };
}

/** Reads what {@link writeIndex} wrote, or a file with one table of vectors. Throws SearchError "format". */
export async function readIndex(source: ModelSource, name: string, sink: IndexSink): Promise<void> {
  await withFiles(source, {}, async (files) => {
    const opened = await files.open(name);
    const reader = await readSafetensors(opened).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    try {
      await readTables(reader, name, sink);
    } finally {
      await reader.close();
    }
  });
}

async function readTables(reader: SafetensorsReader, name: string, sink: IndexSink): Promise<void> {
  const tables = [...reader.tensors.values()].filter(({ shape }) => shape.length === 2);
  const table = reader.tensors.get(VECTORS) ?? (tables.length === 1 ? tables[0]! : undefined);
  const [count = 0, size = 0] = table?.shape ?? [];
  if (table === undefined || table.shape.length !== 2 || size === 0) {
    const names = [...reader.tensors.keys()].slice(0, 8).join(", ").slice(0, 200);
    throw new SearchError("format", `${name} has no table of vectors; it has ${names || "nothing"}`, { file: name });
  }
  const isInt8 = table.dtype === "I8";
  const scales = isInt8 ? await readScales(reader, name, count) : null;
  const ids = reader.tensors.has(IDS) ? await readLines(reader, IDS, name, count) : null;
  const texts = reader.tensors.has(TEXTS) ? await readLines(reader, TEXTS, name, count) : null;
  if (ids?.some((id) => id === null)) throw new SearchError("format", `${name}: an id is missing`, { file: name });
  await sink.begin(size, isInt8 ? "int8" : "float32");
  for (let first = 0; first < count; ) {
    // Never across blocks, which rows of 8 bits are kept in as they are.
    const rows = Math.min(ROWS, count - first, BLOCK - (first % BLOCK));
    const values = await reader.slice(table.name, first * size, rows * size);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      const row = first + Math.floor(wrong / size);
      throw new SearchError("format", `${name}: vector ${row} has ${values[wrong]}`, { file: name, row });
    }
    const own = Array.from({ length: rows }, (_, i) => ids?.[first + i] ?? String(first + i));
    const told = Array.from({ length: rows }, (_, i) => texts?.[first + i] ?? undefined);
    const quantised = scales && { values: Int8Array.from(values), scales: scales.slice(first, first + rows) };
    if (quantised === null || !sink.int8(quantised, own, told)) {
      const plain = scales ? values.map((value, i) => value * scales[first + Math.floor(i / size)]!) : values;
      sink.rows(plain, own, told);
    }
    first += rows;
  }
}

async function readScales(reader: SafetensorsReader, name: string, count: number): Promise<Float32Array> {
  const found = reader.tensors.get(SCALES)?.shape;
  if (found?.join() !== String(count)) {
    throw new SearchError("format", `${name}: vectors of 8 bits need ${SCALES} [${count}]`, { file: name });
  }
  const scales = await reader.slice(SCALES, 0, count);
  if (scales.every(Number.isFinite)) return scales;
  throw new SearchError("format", `${name}: ${SCALES} has what is no finite number`, { file: name });
}

async function readLines(
  reader: SafetensorsReader,
  tensor: string,
  name: string,
  count: number,
): Promise<(string | null)[]> {
  const bytes = await reader.read(tensor);
  const fail = (cause?: unknown) =>
    new SearchError(
      "format",
      `${name}: ${tensor} is not a JSON string a line for ${count} vectors`,
      { file: name },
      cause,
    );
  if (!(bytes instanceof Uint8Array)) throw fail();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const lines = count === 0 ? [] : text.split("\n");
    const values = lines.map((line) => JSON.parse(line) as unknown);
    if (values.length !== count || values.some((value) => value !== null && typeof value !== "string")) throw fail();
    return values as (string | null)[];
  } catch (cause) {
    throw cause instanceof SearchError ? cause : fail(cause);
  }
}
