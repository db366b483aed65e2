/**
 * What int8 products do to the trained models that are published: their answers on the test sets, against float32, with
 * inputs of 8 bits and of 7 (packages/tensor/README.md tells which processors have which).
 * Usage: node tooling/bench/accuracy.ts [--data ../shared/data] [--only sentiment,entities]
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Example, readTestSet, TEST_SETS } from "./test-sets.ts";

/** Bits that int8 products keep of their inputs. */
const BITS = [8, 7] as const;

/** Parts of the examples, from 0 to 1. */
export interface Accuracy {
  readonly model: string;
  readonly bits: (typeof BITS)[number];
  /** Texts, or words where each has a label. */
  readonly examples: number;
  /** Examples that get the same answer from float32 arithmetic and from int8. */
  readonly same: number;
  /** Examples that are right. */
  readonly float32: number;
  readonly int8: number;
}

/** The part of our packages that is used here; the built ones are measured. */
interface Convbert {
  readonly ConvBertTokenizerFast: { fromPretrained(folder: string): Promise<Tokenizer> };
  loadModel(folder: string, options: Arithmetic): Promise<Model>;
}
interface Arithmetic {
  readonly dtype: "float32" | "int8";
  readonly activationBits?: 7 | 8;
}
type Tokenizer = (
  text: string | readonly string[],
  options: { truncation: true; max_length: number; is_split_into_words?: boolean },
) => { input_ids: number[]; wordIds(): readonly (number | null)[] };
interface Model {
  readonly config: { readonly id2label: Record<number, string>; readonly max_position_embeddings: number };
  forward(inputs: { input_ids: number[][] }): Promise<{ logits: { data: Float32Array; offset: number } }>;
  dispose(): void;
}

/** Answers of a model to each example: one, or one a word (its first piece's). */
type Answers = (string | undefined)[][];

async function labelsFrom(folder: string, how: Arithmetic, examples: readonly Example[], convbert: Convbert) {
  const tokenize = await convbert.ConvBertTokenizerFast.fromPretrained(folder);
  const model = await convbert.loadModel(folder, how);
  const names = model.config.id2label;
  const classes = Object.keys(names).length;
  const given: Answers = [];
  for (const example of examples) {
    const options = { truncation: true, max_length: model.config.max_position_embeddings } as const;
    const encoding =
      "words" in example
        ? tokenize(example.words, { ...options, is_split_into_words: true })
        : tokenize(example.text, options);
    const { data, offset } = (await model.forward({ input_ids: [encoding.input_ids] })).logits;
    const best = (row: number): string => {
      const scores = data.subarray(offset + row * classes, offset + (row + 1) * classes);
      return names[scores.indexOf(Math.max(...scores))]!;
    };
    const first = encoding.wordIds();
    const isOne = !("words" in example);
    given.push(
      isOne ? [best(0)] : example.labels.map((_, i) => (first.includes(i) ? best(first.indexOf(i)) : undefined)),
    );
  }
  model.dispose();
  return given;
}

/** Measure every shipped model whose test set is in the folder. */
export async function measureAccuracy(data: string, only: readonly string[] = []): Promise<Accuracy[]> {
  const root = new URL("../../packages/", import.meta.url);
  const built = (name: string) => import(new URL(`${name}/dist/index.js`, root).href);
  const convbert: Convbert = await built("convbert");
  const measured: Accuracy[] = [];
  for (const [name, set] of Object.entries(TEST_SETS)) {
    const folder = fileURLToPath(new URL(`models/${name}`, root));
    const path = join(data, set.file);
    if (only.length > 0 && !only.includes(name)) continue;
    if (!existsSync(folder) || !existsSync(path)) {
      console.error(`no accuracy of ${name}: ${existsSync(folder) ? path : folder} is missing`);
      continue;
    }
    console.error(`measuring the accuracy of ${name}`);
    const examples = readTestSet(set, data);
    const labels = examples.flatMap((example) => example.labels);
    const answers = async (how: Arithmetic) => (await labelsFrom(folder, how, examples, convbert)).flat();
    const mean = (score: (i: number) => number): number =>
      labels.reduce((sum, _, i) => sum + score(i), 0) / labels.length;
    const score = (given: readonly (string | undefined)[]) => mean((i) => Number(given[i] === labels[i]));
    const float32 = await answers({ dtype: "float32" });
    for (const bits of BITS) {
      const int8 = await answers({ dtype: "int8", activationBits: bits });
      measured.push({
        model: name,
        bits,
        examples: labels.length,
        same: mean((i) => Number(float32[i] === int8[i])),
        float32: score(float32),
        int8: score(int8),
      });
    }
  }
  return measured;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { data: { type: "string", default: defaultData() }, only: { type: "string", default: "" } },
  });
  const only = values.only.split(",").filter((name) => name !== "");
  console.log(JSON.stringify(await measureAccuracy(values.data, only), null, 1));
}

/** The data beside the clone. */
export function defaultData(): string {
  return fileURLToPath(new URL("../../../shared/data", import.meta.url));
}
