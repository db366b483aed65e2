import { fileURLToPath } from "node:url";
import { readSafetensors } from "@convbert/converter";
import { withFiles } from "@convbert/files";
import { expect } from "vitest";

/** Tensors that the reference has computed, by name: a file in `test/fixtures`, every number as float32. */
export function recordedTensors(
  folder: string,
  file: string,
): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  return withFiles(fileURLToPath(new URL(`fixtures/${folder}`, import.meta.url)), {}, async (files) => {
    const reader = await readSafetensors(await files.open(file));
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, { shape }] of reader.tensors) {
      tensors.set(name, { shape, data: Float32Array.from((await reader.read(name)) as Float32Array) });
    }
    await reader.close();
    return tensors;
  });
}

/** Largest difference against the largest expected number, or against `least`. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>, least = 1e-3): number {
  let [most, largest] = [0, least];
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    most = Math.max(most, Math.abs(found[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return most / largest;
}
