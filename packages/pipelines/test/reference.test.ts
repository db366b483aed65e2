import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type Pipeline, type PipelineTask, pipeline } from "../src/index.js";

/** One call of the reference's pipeline; see `fixtures/make.py`. */
interface Case {
  readonly task: PipelineTask;
  readonly model: string;
  readonly input: unknown;
  readonly options: Record<string, unknown>;
  /** Names in place of those of the model's labels. */
  readonly labels?: readonly string[];
  /** Values in place of those of the model's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** With the slow tokenizer, for which the reference knows no places. */
  readonly slow?: boolean;
  readonly expected: unknown;
}

const read = (name: string): Case[] =>
  (JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as { cases: Case[] }).cases;
/** What version 4.34 answers; and 4.57 where it does better, see `tooling/reference/make_pipeline_cases.py`. */
const cases = [...read("cases"), ...read("cases-4.57")];
const TOLERANCE = 2e-5;

const loaded = new Map<string, Promise<Pipeline>>();
function load({ task, model, labels, config: own, slow = false }: Case): Promise<Pipeline> {
  const key = `${task} ${model} ${labels} ${slow} ${JSON.stringify(own)}`;
  let result = loaded.get(key);
  if (result === undefined) {
    const named = labels && {
      id2label: { ...labels },
      label2id: Object.fromEntries(labels.map((name, i) => [name, i])),
    };
    const config = named ?? own;
    result = pipeline(task, fileURLToPath(new URL(`fixtures/${model}/`, import.meta.url)), {
      use_fast: !slow,
      ...(config && { config }),
    });
    loaded.set(key, result);
  }
  return result;
}

afterAll(async () => {
  for (const made of loaded.values()) (await made).dispose();
});

/** Runs a case's call; the shapes of results that differ from the reference's by design are brought to its form. */
async function run(item: Case): Promise<unknown> {
  const { task, input, options } = item;
  const call = (await load(item)) as unknown as (...args: unknown[]) => Promise<unknown>;
  const silent = { ...options, onWarning: () => {} };
  if (task === "zero-shot-classification") {
    const { candidate_labels: labels, ...rest } = silent as Record<string, unknown>;
    return call(input, labels, rest);
  }
  const result = await call(input, silent);
  if (task === "question-answering" && !("top_k" in options)) return [result];
  if (task === "feature-extraction") return lists(result as Features);
  if (item.slow) return (result as object[]).map((entity) => ({ ...entity, start: undefined, end: undefined }));
  return result;
}

interface Features {
  readonly shape: readonly number[];
  get(...index: number[]): number;
}

function lists(features: Features): unknown {
  const [rows = 0, columns] = features.shape;
  return Array.from({ length: rows }, (_, row) =>
    columns === undefined
      ? features.get(row)
      : Array.from({ length: columns }, (_, column) => features.get(row, column)),
  );
}

/** The first difference between a value and what the reference gave; undefined when they agree. */
function difference(actual: unknown, expected: unknown, path = ""): string | undefined {
  if (typeof expected === "number" && typeof actual === "number") {
    const near = Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
    return near ? undefined : `${path}: ${actual} instead of ${expected}`;
  }
  if (typeof expected !== "object" || expected === null || typeof actual !== "object" || actual === null) {
    return actual === expected
      ? undefined
      : `${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
  }
  const keysOf = (value: object): string =>
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key]) => key)
      .sort()
      .join();
  const keys = [keysOf(actual), keysOf(expected)];
  if (keys[0] !== keys[1]) return `${path}: keys ${keys[0]} instead of ${keys[1]}`;
  for (const key of Object.keys(expected)) {
    const found = difference(Reflect.get(actual, key), Reflect.get(expected, key), `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const tasks = [...new Set(cases.map(({ task }) => task))];

describe.each(tasks)("%s answers as the reference's pipeline", (task) => {
  const own = cases.filter((item) => item.task === task);

  test.each(own.map((item, i) => [i, item.model, JSON.stringify(item.options), item] as const))(
    "case %i: %s %s",
    async (_i, _model, _options, item) => {
      expect(difference(await run(item), item.expected)).toBeUndefined();
    },
  );
});

test("the comparison notices an altered value", () => {
  expect(difference([{ score: 0.5, label: "a" }], [{ score: 0.5001, label: "a" }])).toContain("0.5001");
  expect(difference([{ score: 0.5, label: "a" }], [{ score: 0.5, label: "b" }])).toContain("label");
  expect(difference([1], [1, 2])).toContain("keys");
});
