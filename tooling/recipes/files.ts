import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asWritten } from "./as-written.ts";
import { entityFiles } from "./entities.ts";

/** What recipes take that is not in the data folder; see README.md. */
export interface Extras {
  /** Sentences in which another model found names (silver.py). */
  readonly silver?: string | undefined;
}

export interface Files {
  readonly data: readonly string[];
  readonly eval?: readonly string[];
  readonly test?: readonly string[];
}

/** The questions of TREC with their coarse classes, as average.ts reads them, too. */
export function questionFiles(data: string, folder: string): Files {
  const part = (name: string) => {
    const lines = readFileSync(join(data, "trec", `${name}.txt`), "latin1")
      .trimEnd()
      .split("\n");
    const rows = lines.map((line) => {
      const [, label, text] = /^(\w+):\S+\s(.*)$/.exec(line.trimEnd())!;
      return { text, label };
    });
    return save(folder, name, rows);
  };
  return { data: [part("train")], test: [part("test")] };
}

function save(folder: string, name: string, rows: readonly object[]): string {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

/** CoNLL-2000 with words as a tokenizer finds them in running text, so that `Don't` is one phrase. */
export function chunkingFiles(data: string, folder: string): Files {
  const part = (name: string) => {
    const blocks = readFileSync(join(data, "conll2000", `${name}.txt`), "utf8")
      .trim()
      .split(/\n\s*\n/);
    const sentences = blocks.map((block) =>
      asWritten(
        block.split("\n").map((line) => {
          const [word, , tag] = line.trim().split(/\s+/);
          return { word: word!, tag: tag! };
        }),
      ),
    );
    const file = join(folder, `${name}.conll`);
    writeFileSync(file, sentences.map((words) => words.map(({ word, tag }) => `${word} ${tag}\n`).join("")).join("\n"));
    return file;
  };
  return { data: [part("train")], test: [part("test")] };
}

/** The joined corpora, and sentences in which another model found names. */
export function namesFiles(data: string, folder: string, { silver }: Extras): Files {
  if (silver === undefined) throw new Error("entities-names needs --silver FILE, which silver.py makes");
  const { train, eval: held } = entityFiles(data, folder);
  return { data: [train, silver], eval: [held] };
}

/** The joined corpora, wikigold's few articles three times; score-entities.ts measures each test set. */
export function entitiesFiles(data: string, folder: string): Files {
  const { train, eval: held } = entityFiles(data, folder, 3);
  return { data: [train], eval: [held] };
}
