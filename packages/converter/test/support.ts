import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NamedTensor, TypedArray, WeightsReader } from "@convbert/converter";
import { expect } from "vitest";
import { sharedFolder } from "../../../tooling/config/machine.ts";

const here = fileURLToPath(new URL("fixtures/", import.meta.url));

export function fixturePath(name: string): string {
  return join(here, name);
}

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(name)));
}

export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(fixturePath(name), "utf8")) as T;
}

/** Folders of the whole golden data beside the repository that have both formats; none in a bare clone. */
export function goldenFolders(): string[] {
  const root = sharedFolder("fixtures/models");
  if (root === undefined) return [];
  const folders = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("model.safetensors"))
    .map((name) => join(root, name, ".."));
  return folders.filter((folder) => existsSync(join(folder, "pytorch_model.bin"))).sort();
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return new Uint8Array(Buffer.concat(copies));
}

/** All values of a tensor, as streamed. */
export async function streamed(reader: WeightsReader, name: string): Promise<number[]> {
  const values: number[] = [];
  await reader.stream(name, (offset, chunk) => {
    if (offset !== values.length) throw new Error(`expected offset ${values.length}, got ${offset}`);
    values.push(...chunk);
  });
  return values;
}

export function numbers(values: TypedArray): number[] {
  return Array.from(values as ArrayLike<number | bigint>, Number);
}

export interface Recorded {
  readonly [name: string]: { readonly shape: number[]; readonly values: number[] };
}

/** A tensor to be written, from plain numbers. */
export function tensor(
  name: string,
  dtype: NamedTensor["dtype"],
  shape: number[],
  data: ReturnType<NamedTensor["data"]>,
  tiedTo?: string,
): NamedTensor {
  return { name, dtype, shape, data: () => data, ...(tiedTo === undefined ? {} : { tiedTo }) };
}

/** Two checkpoints have the same tensors, bit for bit, whatever their order. */
export async function expectSame(actual: WeightsReader, expected: WeightsReader): Promise<void> {
  const shapes = ({ tensors }: WeightsReader) =>
    [...tensors.values()].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`).sort();
  expect(shapes(actual)).toEqual(shapes(expected));
  for (const name of expected.tensors.keys()) {
    const [left, right] = await Promise.all([collect(actual.bytes(name)), collect(expected.bytes(name))]);
    expect([name, Buffer.compare(left, right)]).toEqual([name, 0]);
  }
}
