import { fileURLToPath } from "node:url";
import { readSafetensors, type WeightsReader } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import * as tf from "@tensorflow/tfjs-core";
import { TF_MODEL_CLASSES } from "../src/index.js";

/** Recorded arrays by "<case>/in/<argument>" and "<case>/out/<field>". */
export interface Recorded {
  readonly shape: number[];
  readonly data: ArrayLike<number>;
}

/** A file of recordings, whole. */
export async function readRecordings(folder: string, name: string): Promise<Map<string, Recorded>> {
  const files = await openFiles(folder);
  const reader: WeightsReader = await readSafetensors(await files.open(name));
  try {
    const all = new Map<string, Recorded>();
    for (const [tensor, { shape }] of reader.tensors) {
      const values = await reader.read(tensor);
      const data = values instanceof BigInt64Array ? Int32Array.from(values, Number) : values;
      all.set(tensor, { shape: [...shape], data: data as ArrayLike<number> });
    }
    return all;
  } finally {
    await reader.close();
    await files.close();
  }
}

/** The recordings of each case, its inputs and outputs by name. */
export function casesOf(recordings: ReadonlyMap<string, Recorded>) {
  const cases = new Map<string, Record<"in" | "out" | "grad", Record<string, Recorded>>>();
  for (const [name, value] of recordings) {
    const match = /^(.*?)\/(in|out|grad)\/(.+)$/.exec(name);
    const [, title, kind, field] = match as unknown as [string, string, "in" | "out" | "grad", string];
    const found = cases.get(title) ?? { in: {}, out: {}, grad: {} };
    cases.set(title, found);
    found[kind][field] = value;
  }
  return cases;
}

/** The batch of one step. */
export function batchOf(recorded: Record<string, Recorded>, step: number): Record<string, Recorded> {
  const entries = Object.entries(recorded).map(([name, { shape, data }]) => {
    const size = data.length / shape[0]!;
    const values = Array.from({ length: size }, (_, index) => data[step * size + index]!);
    return [name, { shape: shape.slice(1), data: values }] as const;
  });
  return Object.fromEntries(entries);
}

/** The largest difference of an element, relative to the largest recorded one (at least `floor`). */
export function difference(actual: tf.Tensor, expected: Recorded, floor = 0): number {
  if (actual.shape.join() !== expected.shape.join()) {
    return Number.POSITIVE_INFINITY;
  }
  const values = actual.dataSync();
  let [largest, worst] = [floor, 0];
  for (let i = 0; i < values.length; i++) {
    largest = Math.max(largest, Math.abs(expected.data[i]!));
    worst = Math.max(worst, Math.abs(values[i]! - expected.data[i]!));
    if (Number.isNaN(values[i]) !== Number.isNaN(expected.data[i])) {
      return Number.NaN;
    }
  }
  return largest === 0 ? worst : worst / largest;
}

/** A class by the name of a fixture's folder, "ConvBertForMaskedLM". */
export function classOf(name: string) {
  return TF_MODEL_CLASSES[
    `TF${name}` as keyof typeof TF_MODEL_CLASSES
  ] as unknown as typeof import("../src/index.js").TFConvBertModel;
}

/** The tensor of an output field, "hidden_states.1" or "logits". */
export function fieldOf(outputs: object, field: string): tf.Tensor {
  const [name, index] = field.split(".") as [string, string?];
  const value = (outputs as Record<string, unknown>)[name];
  return (index === undefined ? value : (value as tf.Tensor[])[Number(index)]) as tf.Tensor;
}

/** Chooses a backend; that of WebAssembly reads its binary from the package. */
export async function useBackend(name: "cpu" | "wasm"): Promise<void> {
  if (name === "wasm") {
    await import("@tensorflow/tfjs-backend-wasm");
  } else {
    await import("@tensorflow/tfjs-backend-cpu");
  }
  await tf.setBackend(name);
  await tf.ready();
}

/** The folder of a small recorded model. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

/** Recorded models: name of the folder, and of the class as PyTorch has it. */
export const FIXTURES = {
  base: "ConvBertModel",
  "masked-lm": "ConvBertForMaskedLM",
  sequence: "ConvBertForSequenceClassification",
  regression: "ConvBertForSequenceClassification",
  token: "ConvBertForTokenClassification",
  span: "ConvBertForQuestionAnswering",
  choice: "ConvBertForMultipleChoice",
} as const;
