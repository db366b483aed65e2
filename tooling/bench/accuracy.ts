/**
 * What int8 weights do to the trained models that `convbert` ships: their answers on the test sets, against float32.
 * Usage: node tooling/bench/accuracy.ts [--data ../shared/data]
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Parts of the examples, from 0 to 1. */
export interface Accuracy {
  readonly model: string;
  /** Texts, or words where each has a label. */
  readonly examples: number;
  /** Examples that get the same label from both. */
  readonly same: number;
  /** Examples whose label is right. */
  readonly float32: number;
  readonly int8: number;
}

/** Texts with the labels of all of each one's words, or with one label. */
interface Example {
  readonly words: string | readonly string[];
  readonly labels: readonly string[];
}

/** Sentences a blank line apart, a word and its labels a line; the label at `column` counts. */
const sentences =
  (column: number) =>
  (text: string): Example[] =>
    text
      .trim()
      .split(/\n\s*\n/)
      .map((sentence) => {
        const rows = lines(sentence).map((line) => line.split(/\s+/));
        return { words: rows.map(([word]) => word!), labels: rows.map((row) => row[column]!) };
      });

/** A model of packages/convbert/models, and how to read its test set. */
const testSets: Readonly<
  Record<string, { readonly file: string; readonly encoding?: "latin1"; read(text: string): Example[] }>
> = {
  "question-classification": {
    file: "trec/test.txt",
    encoding: "latin1",
    read: (text) =>
      lines(text).map((line) => ({ words: line.replace(/^\S+\s/, ""), labels: [line.slice(0, line.indexOf(":"))] })),
  },
  sentiment: {
    file: "sst2/test.tsv",
    read: (text) =>
      lines(text).map((line) => {
        const [words, label] = line.split("\t");
        return { words: words!, labels: [label === "1" ? "POSITIVE" : "NEGATIVE"] };
      }),
  },
  entities: { file: "wnut17/test.conll", read: sentences(1) },
  chunking: { file: "conll2000/test.txt", read: sentences(2) },
};

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== "");

/** The part of our package that is used here; the built one is measured. */
interface Convbert {
  readonly ConvBertTokenizerFast: { fromPretrained(folder: string): Promise<Tokenizer> };
  loadModel(folder: string, options: { dtype: string }): Promise<Model>;
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

/** Labels that a model gives each example: one, or one a word (its first piece's). */
async function answers(folder: string, dtype: string, examples: readonly Example[], convbert: Convbert) {
  const tokenize = await convbert.ConvBertTokenizerFast.fromPretrained(folder);
  const model = await convbert.loadModel(folder, { dtype });
  const names = model.config.id2label;
  const classes = Object.keys(names).length;
  const given: (string | undefined)[][] = [];
  for (const { words, labels } of examples) {
    const options = { truncation: true, max_length: model.config.max_position_embeddings } as const;
    const isOne = typeof words === "string";
    const encoding = tokenize(words, isOne ? options : { ...options, is_split_into_words: true });
    const { data, offset } = (await model.forward({ input_ids: [encoding.input_ids] })).logits;
    const best = (row: number): string => {
      const scores = data.subarray(offset + row * classes, offset + (row + 1) * classes);
      return names[scores.indexOf(Math.max(...scores))]!;
    };
    const first = encoding.wordIds();
    given.push(isOne ? [best(0)] : labels.map((_, i) => (first.includes(i) ? best(first.indexOf(i)) : undefined)));
  }
  model.dispose();
  return given;
}

/** Measure every shipped model whose test set is in the folder. */
export async function measureAccuracy(data: string): Promise<Accuracy[]> {
  const root = new URL("../../packages/convbert/", import.meta.url);
  const convbert: Convbert = await import(new URL("dist/index.js", root).href);
  const measured: Accuracy[] = [];
  for (const [name, { file, encoding = "utf8", read }] of Object.entries(testSets)) {
    const folder = fileURLToPath(new URL(`models/${name}`, root));
    const path = join(data, file);
    if (!existsSync(folder) || !existsSync(path)) {
      console.error(`no accuracy of ${name}: ${existsSync(folder) ? path : folder} is missing`);
      continue;
    }
    console.error(`measuring the accuracy of ${name}`);
    const examples = read(readFileSync(path, encoding));
    const float32 = (await answers(folder, "float32", examples, convbert)).flat();
    const int8 = (await answers(folder, "int8", examples, convbert)).flat();
    const labels = examples.flatMap((example) => example.labels);
    const part = (is: (i: number) => boolean): number => labels.filter((_, i) => is(i)).length / labels.length;
    measured.push({
      model: name,
      examples: labels.length,
      same: part((i) => float32[i] === int8[i]),
      float32: part((i) => float32[i] === labels[i]),
      int8: part((i) => int8[i] === labels[i]),
    });
  }
  return measured;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { data: { type: "string", default: defaultData() } } });
  console.log(JSON.stringify(await measureAccuracy(values.data), null, 1));
}

/** The data beside the clone. */
export function defaultData(): string {
  return fileURLToPath(new URL("../../../shared/data", import.meta.url));
}
