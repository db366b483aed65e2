import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Squad, splitArticles } from "../recipes/squad.ts";

/** What a model is asked, and the right answers: one, or one for each word. */
export type Example =
  | { readonly text: string; readonly labels: readonly string[] }
  | { readonly words: readonly string[]; readonly labels: readonly string[] }
  | { readonly prompt: string; readonly choices: readonly string[]; readonly labels: readonly string[] }
  | { readonly question: string; readonly context: string; readonly labels: readonly string[] };

export interface TestSet {
  readonly task:
    | "text-classification"
    | "token-classification"
    | "multiple-choice"
    | "fill-mask"
    | "question-answering";
  /** In the data folder. */
  readonly file: string;
  readonly encoding?: "latin1";
  read(text: string): Example[];
}

/** Paragraphs with a hidden word. */
const MASKED = 1500;

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
  "plausible-alternatives": {
    task: "multiple-choice",
    file: "copa/copa-test.xml",
    read: (text) =>
      [...text.matchAll(/<item [^>]*asks-for="(\w+)" most-plausible-alternative="([12])">(.*?)<\/item>/gs)].map(
        ([, asksFor, right, item]) => {
          const [premise, ...choices] = [...item!.matchAll(/<(?:p|a1|a2)>(.*?)<\//g)].map(([, part]) => part!);
          // As the model was trained: `convbert train multiple-choice --format copa`.
          const question = asksFor === "cause" ? "What was the cause?" : "What happened as a result?";
          return { prompt: `${premise} ${question}`, choices, labels: [choices[Number(right) - 1]!] };
        },
      ),
  },
  "masked-words": {
    task: "fill-mask",
    file: "books/sherlock-holmes.txt",
    /** The word in the middle of a paragraph is hidden. */
    read: (text) =>
      text
        .split(/\r?\n\s*\r?\n/)
        .map((paragraph) => paragraph.trim().split(/\s+/).slice(0, 100))
        .filter((words) => words.length > 8 && /^[A-Za-z]+$/.test(words[words.length >> 1]!))
        .slice(0, MASKED)
        .map((words) => ({
          text: words.with(words.length >> 1, "[MASK]").join(" "),
          labels: [words[words.length >> 1]!.toLowerCase()],
        })),
  },
  "extractive-answers": {
    task: "question-answering",
    file: "xquad/xquad.en.json",
    read: (text) =>
      splitArticles(JSON.parse(text) as Squad).test.flatMap(({ paragraphs }) =>
        paragraphs.flatMap(({ context, qas }) =>
          qas.map(({ question, answers }) => ({ question, context, labels: [answers[0]!.text] })),
        ),
      ),
  },
};

export function readTestSet({ file, encoding, read }: TestSet, data: string): Example[] {
  return read(readFileSync(join(data, file), encoding ?? "utf8"));
}
