import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asWritten, type TaggedWord } from "./as-written.ts";
import { entityFiles, writeEntities } from "./entities.ts";

/** What recipes take that is not in the data folder; see README.md. */
export interface Extras {
  /** A folder of texts that a larger model has labelled (teachers): `sentiment`, `questions` and `entities` in it. */
  readonly soft?: string | undefined;
}

export interface Files {
  readonly data: readonly string[];
  readonly eval?: readonly string[];
  readonly test?: readonly string[];
}

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

/**
 * The questions of TREC with their coarse classes. TREC has none to choose with: every tenth of those to train on is for that, and
 * what else is alike word for word in the test set or among them is left out.
 */
export function questionRows(data: string, part: "train" | "dev" | "test"): LabelledText[] {
  const rows = questionsOf(data, "test");
  if (part === "test") return rows;
  const letters = ({ text }: LabelledText) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const tested = new Set(rows.map(letters));
  const all = questionsOf(data, "train").filter((row) => !tested.has(letters(row)));
  const chosen = all.filter((_, i) => i % 10 === 0);
  if (part === "dev") return chosen;
  const held = new Set(chosen.map(letters));
  return all.filter((row) => !held.has(letters(row)));
}

function questionsOf(data: string, name: "train" | "test"): LabelledText[] {
  const lines = readFileSync(join(data, "trec", `${name}.txt`), "latin1")
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const [, label, text] = /^(\w+):\S+\s(.*)$/.exec(line.trimEnd())!;
    return { text: text!, label: label! };
  });
}

/** Questions, and others that a larger model has labelled. */
export function questionFiles(data: string, folder: string, extras: Extras): Files {
  const part = (name: "train" | "dev" | "test") => saveRows(folder, name, questionRows(data, name));
  return { data: [part("train"), ...softFiles(extras, "questions")], eval: [part("dev")], test: [part("test")] };
}

/** Sentences of SST-2 with the names of their classes. */
export function sentimentRows(data: string, part: "train" | "dev" | "test"): LabelledText[] {
  const lines = readFileSync(join(data, "sst2", `${part}.tsv`), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const [text, label] = line.trimEnd().split("\t");
    return { text: text!, label: label === "1" ? "POSITIVE" : "NEGATIVE" };
  });
}

/** Sentences, and texts that a larger model has labelled. */
export function sentimentFiles(data: string, folder: string, extras: Extras): Files {
  const part = (name: "train" | "dev" | "test") => saveRows(folder, name, sentimentRows(data, name));
  return { data: [part("train"), ...softFiles(extras, "sentiment")], eval: [part("dev")], test: [part("test")] };
}

function softFiles({ soft }: Extras, name: string): string[] {
  if (soft === undefined) throw new Error(`--soft FOLDER is needed: ${name} that a larger model has labelled`);
  const folder = join(soft, name);
  return readdirSync(folder).map((file) => join(folder, file));
}

/** Writes `name`.jsonl into a folder. */
export function saveRows(folder: string, name: string, rows: readonly object[]): string {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

/** Sentences of CoNLL-2000; every tenth of those to train on is to choose with. */
export function chunkingSentences(data: string, part: "train" | "dev" | "test"): TaggedWord[][] {
  const file = join(data, "conll2000", `${part === "test" ? "test" : "train"}.txt`);
  const blocks = readFileSync(file, "utf8")
    .trim()
    .split(/\n\s*\n/);
  const sentences = blocks.map((block) =>
    block.split("\n").map((line) => {
      const [word, , tag] = line.trim().split(/\s+/);
      return { word: word!, tag: tag! };
    }),
  );
  return part === "test" ? sentences : sentences.filter((_, i) => (i % 10 === 0) === (part === "dev"));
}

/**
 * CoNLL-2000 with its own words and with those that a tokenizer finds in running text, so that `Don't` is one phrase, and sentences
 * that a larger model has tagged.
 */
export function chunkingFiles(data: string, folder: string, extras: Extras): Files {
  const write = (name: string, sentences: TaggedWord[][]) => writeEntities(join(folder, `${name}.conll`), sentences);
  const train = chunkingSentences(data, "train");
  return {
    data: [write("train", train), write("train-written", train.map(asWritten)), ...softFiles(extras, "phrases")],
    eval: [write("dev", chunkingSentences(data, "dev").map(asWritten))],
    test: [write("test", chunkingSentences(data, "test"))],
  };
}

/** The joined corpora, wikigold's few articles three times, and sentences that a larger model has tagged. */
export function entitiesFiles(data: string, folder: string, extras: Extras): Files {
  const { train, eval: held } = entityFiles(data, folder, 3);
  return { data: [train, ...softFiles(extras, "entities")], eval: [held] };
}
