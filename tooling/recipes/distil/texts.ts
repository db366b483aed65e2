import { readFileSync } from "node:fs";
import { recipeRandom } from "../cloze.ts";

// Texts without labels that a teacher can label: parts of the training texts themselves, and sentences of other kinds.

/** Parts of a text: `count` runs of words, a third of it at least, some with a run of another text after them. */
export function partsOf(texts: readonly string[], count: number, seed = 0): string[] {
  const random = recipeRandom(seed);
  const run = (text: string) => {
    const words = text.split(" ");
    const length = Math.max(2, Math.round(words.length * (0.3 + 0.6 * random())));
    const start = Math.floor(random() * Math.max(1, words.length - length + 1));
    return words.slice(start, start + length).join(" ");
  };
  return texts.flatMap((text) =>
    Array.from({ length: count }, () => {
      if (random() < 0.7) return run(text);
      return `${run(text)} ${run(texts[Math.floor(random() * texts.length)]!)}`;
    }),
  );
}

/** Some lines of a file of sentences, of 4 to 40 words. */
export function someSentences(file: string, count: number, seed = 0): string[] {
  const random = recipeRandom(seed);
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => /^(\S+ ){3,39}\S+$/.test(line));
  return Array.from({ length: count }, () => lines[Math.floor(random() * lines.length)]!);
}
