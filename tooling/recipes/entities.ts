import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TaggedWord } from "./as-written.ts";

// Entities of three corpora with one set of labels: persons (PER), places (LOC), organisations (ORG).

/** What WNUT 2017 calls them; its products, works and what else there is are nobody's, as MISC of wikigold. */
const KINDS: Readonly<Record<string, string>> = {
  ...{ PER: "PER", LOC: "LOC", ORG: "ORG" },
  ...{ person: "PER", location: "LOC", corporation: "ORG", group: "ORG" },
};

/** Sentences of a file of words with their tags, `I-` beginning something where nothing of its kind goes before (IOB1). */
export function readEntities(file: string): TaggedWord[][] {
  return readFileSync(file, "utf8")
    .split(/\r?\n[ \t]*\r?\n/)
    .map((block) => {
      let before = "O";
      return block.split(/\r?\n/).flatMap((line) => {
        const cells = line.trim().split(/\s+/);
        if (cells.length < 2) return [];
        const [mark, kind] = cells.at(-1)!.split(/-(.*)/s);
        const known = kind === undefined ? undefined : KINDS[kind];
        const begins = mark === "B" || before !== kind;
        before = kind ?? "O";
        return [{ word: cells[0]!, tag: known === undefined ? "O" : `${begins ? "B" : "I"}-${known}` }];
      });
    })
    .filter((words) => words.length > 0);
}

/** Broad Twitter Corpus tags the sign of `@name` and the name each as an entity; a reader wants the name. */
export function withoutSigns(sentence: readonly TaggedWord[]): TaggedWord[] {
  return sentence.map(({ word, tag }, i) => {
    const after = sentence[i + 1];
    if (word === "@" && after !== undefined && after.tag !== "O") return { word, tag: "O" };
    if (sentence[i - 1]?.word === "@" && tag !== "O") return { word, tag: `B-${tag.slice(2)}` };
    return { word, tag };
  });
}

/** WNUT 2017 leaves `@name` untagged, which the Broad Twitter Corpus tags: without them nothing contradicts. */
function withoutHandles(sentence: readonly TaggedWord[]): TaggedWord[] {
  return sentence.filter(({ word, tag }) => tag !== "O" || !/^@./.test(word));
}

/** Part h of the Broad Twitter Corpus, the last fifth of wikigold, and WNUT's test set: nothing of them is trained on. */
export const ENTITY_TESTS = {
  /** Of `@name` the name counts, as the model has it, and not the sign. */
  "btc h": (data: string) => btc(data, "h").map(withoutSigns),
  "btc h, as tagged": (data: string) => btc(data, "h"),
  "wikigold, last fifth": (data: string) => {
    const sentences = wikigold(data);
    return sentences.slice(lastFifth(sentences));
  },
  "WNUT 2017": (data: string) => wnut(data, "test"),
} as const;

const btc = (data: string, part: string) => readEntities(join(data, "btc", `${part}.conll`));
const wikigold = (data: string) => readEntities(join(data, "wikigold/wikigold.conll.txt"));
const wnut = (data: string, part: string) => readEntities(join(data, "wnut17", `${part}.conll`));
const lastFifth = (sentences: readonly unknown[]) => sentences.length - Math.round(sentences.length / 5);

/** What is trained on, and what chooses: btc's f, WNUT's dev, and a tenth of what wikigold has to train on. */
export function entityCorpora(data: string) {
  const tweets = (part: string) => btc(data, part).map(withoutSigns);
  const articles = wikigold(data);
  const training = articles.slice(0, lastFifth(articles));
  const chosen = Math.round(training.length * 0.9);
  return {
    train: {
      btc: ["a", "b", "e", "g"].flatMap(tweets),
      wikigold: training.slice(0, chosen),
      wnut: wnut(data, "train").map(withoutHandles),
    },
    eval: { btc: tweets("f"), wikigold: training.slice(chosen), wnut: wnut(data, "dev").map(withoutHandles) },
  };
}

/** Writes words with their tags, a line each, as the `conll` format has them. */
export function writeEntities(file: string, sentences: readonly (readonly TaggedWord[])[]): string {
  const blocks = sentences.map((words) => words.map(({ word, tag }) => `${word}\t${tag}\n`).join(""));
  writeFileSync(file, blocks.join("\n"));
  return file;
}

/**
 * Writes the joined corpora from the data folder `data` into `folder`: to train, and to choose. The few articles of wikigold stand
 * among the many messages so many `times`.
 */
export function entityFiles(
  data: string,
  folder: string,
  times: number,
): { readonly train: string; readonly eval: string } {
  const { train, eval: held } = entityCorpora(data);
  const articles = Array.from({ length: times }, () => train.wikigold).flat();
  return {
    train: writeEntities(join(folder, "train.conll"), [...train.btc, ...articles, ...train.wnut]),
    eval: writeEntities(join(folder, "eval.conll"), [...held.btc, ...held.wikigold, ...held.wnut]),
  };
}
