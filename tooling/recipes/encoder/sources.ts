import { readFileSync } from "node:fs";
import { join } from "node:path";

// Sentences that people wrote, from the data folder. Parts that anything is tested with later stay out: the test and
// development files of the tasks, the book that masked words are tested with.

const BOOKS = [
  "a-tale-of-two-cities",
  "alice-in-wonderland",
  "great-expectations",
  "huckleberry-finn",
  "pride-and-prejudice",
  "war-and-peace",
];

/** Sentences in the order of their text, a list for each document or file. */
export function readSentences(data: string): string[][] {
  const read = (path: string, encoding: BufferEncoding = "utf8") => readFileSync(join(data, path), encoding);
  const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
  return [
    lines(read("sentences/sentences.txt")),
    ...BOOKS.map((name) => bookSentences(read(`books/${name}.txt`))),
    lines(read("sst2/train.tsv")).map((line) => line.split("\t")[0]!),
    lines(read("trec/train.txt", "latin1")).map((line) => line.slice(line.indexOf(" ") + 1)),
    conllSentences(read("conll2000/train.txt")),
    conllSentences(read("wnut17/train.conll")),
    ...["a", "b", "e", "g"].map((name) => conllSentences(read(`btc/${name}.conll`))),
  ].map((document) => document.map(tidied).filter((sentence) => /\p{L}{2}/u.test(sentence)));
}

function bookSentences(text: string): string[] {
  return text
    .replace(/^.*?\*\*\* ?START OF[^\n]*\n/s, "")
    .replace(/\*\*\* ?END OF.*$/s, "")
    .split(/\r?\n\s*\r?\n/)
    .map((paragraph) => paragraph.replace(/[\s_]+/g, " ").trim())
    .flatMap((paragraph) => paragraph.split(/(?<=[a-z0-9)]{2}[.!?]["'”’]?) (?=["'“‘]?[A-Z0-9])/));
}

function conllSentences(text: string): string[] {
  return text.split(/\r?\n\s*\r?\n/).map((block) =>
    block
      .split(/\r?\n/)
      .map((line) => line.split(/\s/)[0]!)
      .join(" "),
  );
}

/** Without the spaces that tokenized text has around its punctuation. */
function tidied(sentence: string): string {
  return sentence
    .replace(/\s+/g, " ")
    .replace(/ ([.,;:!?%)\]]|''|'s\b|'re\b|'ve\b|'ll\b|'d\b|'m\b|n't\b|' s\b)/g, "$1")
    .replace(/([([$]|``) /g, "$1")
    .replace(/``|''/g, '"')
    .trim();
}
