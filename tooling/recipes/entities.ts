import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asWritten, type TaggedWord } from "./as-written.ts";

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

/** Broad Twitter Corpus tags the sign of `@name` and the name each as one; a reader wants one. */
export function joinHandles(sentence: readonly TaggedWord[]): TaggedWord[] {
  return sentence.map(({ word, tag }, i) => {
    const before = sentence[i - 1];
    return before?.word === "@" && tag.startsWith("B-") && before.tag === tag
      ? { word, tag: `I-${tag.slice(2)}` }
      : { word, tag };
  });
}

/** WNUT 2017 leaves `@name` untagged, which the Broad Twitter Corpus tags: without them nothing contradicts. */
function withoutHandles(sentence: readonly TaggedWord[]): TaggedWord[] {
  return sentence.filter(({ word, tag }) => tag !== "O" || !/^@./.test(word));
}

/** Files of the joined corpora: to train, to choose, and a test set of each. */
export interface EntityFiles {
  readonly train: string;
  readonly eval: string;
  readonly tests: { readonly btc: string; readonly wikigold: string; readonly wnut17: string };
}

/**
 * Writes the joined corpora from the data folder `data` into `folder`. Part h of the Broad Twitter Corpus, the last fifth of
 * wikigold and WNUT's test set are tests; part f, and WNUT's development set choose.
 */
export function entityFiles(data: string, folder: string): EntityFiles {
  const btc = (part: string) => readEntities(join(data, "btc", `${part}.conll`)).map(joinHandles);
  const wikigold = readEntities(join(data, "wikigold/wikigold.conll.txt"));
  const wnut = (part: string) => readEntities(join(data, "wnut17", `${part}.conll`)).map(withoutHandles);
  const fifth = wikigold.length - Math.round(wikigold.length / 5);
  const write = (name: string, sentences: readonly (readonly TaggedWord[])[]) => {
    const file = join(folder, `${name}.conll`);
    const lines = sentences.map((words) => words.map(({ word, tag }) => `${word}\t${tag}\n`).join(""));
    writeFileSync(file, lines.join("\n"));
    return file;
  };
  const written = (sentences: readonly (readonly TaggedWord[])[]) => sentences.map(asWritten);
  return {
    train: write(
      "train",
      written([...["a", "b", "e", "g"].flatMap(btc), ...wikigold.slice(0, fifth), ...wnut("train")]),
    ),
    eval: write("eval", written([...btc("f"), ...wnut("dev")])),
    tests: {
      btc: write("test-btc", written(btc("h"))),
      wikigold: write("test-wikigold", written(wikigold.slice(fifth))),
      wnut17: write("test-wnut17", written(wnut("test"))),
    },
  };
}
