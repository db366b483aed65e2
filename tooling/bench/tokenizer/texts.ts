import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Texts to tokenize, by the name of what they are taken from. */
export const workloads: Readonly<Record<string, (data: string) => string[]>> = {
  /** Sentences of film reviews: tab separated `text  label` lines. */
  sst2: (data) => lines(join(data, "sst2", "train.tsv")).map((line) => line.split("\t")[0]!),
  /** Every line of seven books: prose with capitals and punctuation, nearly no line twice. */
  books: (data) => {
    const folder = join(data, "books");
    return readdirSync(folder)
      .filter((file) => file.endsWith(".txt"))
      .sort()
      .flatMap((file) => lines(join(folder, file)));
  },
};

export function readTexts(workload: string, data: string): string[] {
  if (!existsSync(data)) throw new Error(`${data} is missing; give the folder of sst2 and books with --data`);
  return workloads[workload]!(data);
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
}
