import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An array as it crosses to a contender: plain numbers, row-major. */
export interface PlainArray {
  readonly data: number[];
  readonly shape: number[];
}

/** One workload: inputs by the model's argument names, and the output that the reference recorded for them. */
export interface Case {
  readonly inputs: Record<string, PlainArray>;
  readonly expected: { readonly data: Float32Array; readonly shape: number[] };
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/**
 * Read one case of `cases.safetensors` as tooling/reference writes it (int64 inputs, float32 outputs).
 * A reader of its own, so that the measure does not depend on what is measured.
 */
export function readCase(folder: string, name: string): Case {
  const path = join(folder, "cases.safetensors");
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, start)) as Record<string, Entry>;
  const bytes = ({ data_offsets: [from, to] }: Entry) => new Uint8Array(file.subarray(start + from, start + to)).buffer;

  const inputs: Case["inputs"] = {};
  for (const [key, entry] of Object.entries(header)) {
    if (!key.startsWith(`${name}/in/`)) continue;
    inputs[key.slice(`${name}/in/`.length)] = {
      data: Array.from(new BigInt64Array(bytes(entry)), Number),
      shape: entry.shape,
    };
  }
  const output = header[`${name}/out/last_hidden_state`];
  if (!output) {
    const names = Object.keys(header).flatMap((key) => key.match(/^(.*)\/out\/last_hidden_state$/)?.[1] ?? []);
    throw new Error(`no workload "${name}" in ${path}; it has ${names.join(", ")}`);
  }
  return { inputs, expected: { data: new Float32Array(bytes(output)), shape: output.shape } };
}

/** Largest |got - expected| over the largest |expected|; NaN where the output has one or its shape differs. */
export function largestDifference(got: { data: Float32Array; shape: number[] }, expected: Case["expected"]): number {
  if (got.shape.join() !== expected.shape.join() || got.data.length !== expected.data.length) return Number.NaN;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.data.length; i++) {
    difference = Math.max(difference, Math.abs(got.data[i]! - expected.data[i]!));
    largest = Math.max(largest, Math.abs(expected.data[i]!));
  }
  return difference / largest;
}
