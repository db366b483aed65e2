import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a model is asked, and the right answers: one, or one for each word. */
export type Example =
  | { readonly text: string; readonly labels: readonly string[] }
  | { readonly words: readonly string[]; readonly labels: readonly string[] };

export interface TestSet {
  readonly task: "text-classification" | "token-classification";
  /** In the data folder. */
  readonly file: string;
  readonly encoding?: "latin1";
  read(text: string): Example[];
}

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== "");

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

/** The test set of each model of packages/models; each is one that the model was not trained on. */
export const TEST_SETS: Readonly<Record<string, TestSet>> = {
  "question-classification": {
    task: "text-classification",
    file: "trec/test.txt",
    encoding: "latin1",
    read: (text) =>
      lines(text).map((line) => ({ text: line.replace(/^\S+\s/, ""), labels: [line.slice(0, line.indexOf(":"))] })),
  },
  sentiment: {
    task: "text-classification",
    file: "sst2/test.tsv",
    read: (text) =>
      lines(text).map((line) => {
        const [words, label] = line.split("\t");
        return { text: words!, labels: [label === "1" ? "POSITIVE" : "NEGATIVE"] };
      }),
  },
  entities: { task: "token-classification", file: "wnut17/test.conll", read: sentences(1) },
  chunking: { task: "token-classification", file: "conll2000/test.txt", read: sentences(2) },
};

export function readTestSet({ file, encoding, read }: TestSet, data: string): Example[] {
  return read(readFileSync(join(data, file), encoding ?? "utf8"));
}
