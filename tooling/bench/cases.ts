import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** An array as it crosses to a contender: plain numbers, row-major. */
export interface PlainArray {
  readonly data: number[];
  readonly shape: number[];
}

export interface FloatArray {
  readonly data: Float32Array;
  readonly shape: number[];
}

/** One workload: what goes in, and the outputs that the reference recorded for it. */
export interface Case {
  /** Arrays by the model's argument names, or texts. */
  readonly inputs: { readonly arrays: Record<string, PlainArray> } | { readonly texts: string[] };
  readonly expected: FloatArray;
  /** Of texts: the output where all of them are padded to the longest, as the reference's pipeline batches them. */
  readonly expectedPadded?: FloatArray;
}

/** The workload that is texts, made by sentences.py; the others are `BATCHxLENGTH`. */
export const SENTENCES = "sentences";

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/**
 * The tensors of a safetensors file by name, each with its bytes.
 * A reader of its own, so that the measure does not depend on what is measured.
 */
export function readTensors(path: string): Map<string, { shape: number[]; bytes: () => ArrayBuffer }> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = JSON.parse(file.toString("utf8", 8, start)) as Record<string, Entry>;
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => [name, { shape, bytes: () => new Uint8Array(file.subarray(start + from, start + to)).buffer }],
    ),
  );
}

/** Read one workload of a folder that setup.mjs made: int64 inputs and float32 outputs. */
export function readCase(folder: string, name: string): Case {
  if (name === SENTENCES) return readSentences(folder);
  const path = join(folder, "cases.safetensors");
  const tensors = readTensors(path);
  const arrays: Record<string, PlainArray> = {};
  for (const [key, { shape, bytes }] of tensors) {
    if (!key.startsWith(`${name}/in/`)) continue;
    arrays[key.slice(`${name}/in/`.length)] = { data: Array.from(new BigInt64Array(bytes()), Number), shape };
  }
  const output = tensors.get(`${name}/out/last_hidden_state`);
  if (!output) {
    const names = [...tensors.keys()].flatMap((key) => key.match(/^(.*)\/out\/last_hidden_state$/)?.[1] ?? []);
    throw new Error(`no workload "${name}" in ${path}; it has ${names.join(", ")}`);
  }
  return { inputs: { arrays }, expected: floats(output) };
}

function readSentences(folder: string): Case {
  const path = join(folder, "sentences.safetensors");
  if (!existsSync(path)) throw new Error(`${path} is missing: run setup.mjs with --python and the sst2 data (--data)`);
  const { texts } = JSON.parse(readFileSync(join(folder, "sentences.json"), "utf8")) as { texts: string[] };
  const tensors = readTensors(path);
  return {
    inputs: { texts },
    expected: floats(tensors.get("alone")!),
    expectedPadded: floats(tensors.get("padded")!),
  };
}

function floats({ shape, bytes }: { shape: number[]; bytes: () => ArrayBuffer }): FloatArray {
  return { data: new Float32Array(bytes()), shape };
}

/** Largest |got - expected| over the largest |expected|; NaN where the output has one or its shape differs. */
export function largestDifference(got: FloatArray, expected: FloatArray): number {
  if (got.shape.join() !== expected.shape.join() || got.data.length !== expected.data.length) return Number.NaN;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.data.length; i++) {
    difference = Math.max(difference, Math.abs(got.data[i]! - expected.data[i]!));
    largest = Math.max(largest, Math.abs(expected.data[i]!));
  }
  return difference / largest;
}
