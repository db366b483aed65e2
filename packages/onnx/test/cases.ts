import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@convbert/converter";
import { expect } from "vitest";

/** A value of a recorded case. */
export interface Recorded {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** One recorded call of the reference. */
export interface RecordedCase {
  readonly name: string;
  readonly inputs: Record<string, Recorded | string>;
  readonly outputs: Record<string, Recorded>;
}

/** The recorded calls of a golden model. */
export async function recordedCases(folder: string): Promise<RecordedCase[]> {
  const reader = await readSafetensors(new Uint8Array(readFileSync(join(folder, "cases.safetensors"))));
  const scalars = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const cases = new Map<string, RecordedCase>();
  for (const [path, { shape }] of reader.tensors) {
    const [name, kind, field] = path.split("/") as [string, string, string];
    const problem = scalars[name]?.["problem_type"];
    const inputs: RecordedCase["inputs"] = problem === undefined ? {} : { problem_type: problem };
    const found: RecordedCase = cases.get(name) ?? { name, inputs, outputs: {} };
    cases.set(name, found);
    const value = { shape, data: (await reader.read(path)) as Float32Array | BigInt64Array };
    if (kind === "in") found.inputs[field] = value;
    if (kind === "out") found.outputs[field] = value;
  }
  await reader.close();
  return [...cases.values()];
}

/** A field of a model's outputs as it was recorded: "hidden_states.2" is a part of a tuple. */
export function fieldOf(outputs: object, field: string): Recorded | undefined {
  const [name, index] = field.split(/\.(?=\d+$)/) as [string, string?];
  const value = (outputs as Record<string, unknown>)[name];
  const part = index === undefined ? value : (value as unknown[] | undefined)?.[Number(index)];
  return typeof part === "number" ? { shape: [], data: [part] } : (part as Recorded | undefined);
}

/** The largest difference relative to the largest value; both NaN is none. */
export function relativeDifference(actual: Recorded, expected: Recorded): number {
  expect(actual.shape.join()).toBe(expected.shape.join());
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const [got, want] = [Number(actual.data[i]), Number(expected.data[i])];
    if (Number.isNaN(got) && Number.isNaN(want)) continue;
    largest = Math.max(largest, Math.abs(want));
    const gap = got === want ? 0 : Math.abs(got - want);
    difference = Math.max(difference, Number.isNaN(gap) ? Infinity : gap);
  }
  return difference === 0 ? 0 : difference / largest;
}
