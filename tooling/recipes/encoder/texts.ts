import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { recipeRandom } from "../cloze.ts";
import { Captions } from "./captions.ts";
import { definitionTexts, questionTexts } from "./definitions.ts";
import { damaged, headline } from "./noise.ts";
import { readSentences } from "./sources.ts";
import { Substitution } from "./substitution.ts";
import { readWordNet } from "./wordnet.ts";

// Writes the texts that the encoder is distilled on, in parts of which each is a fair sample of all: real sentences, WordNet's
// definitions and examples, and what is made of them. A teacher gives a vector for anything, so that made-up texts teach as
// well as real ones, and a text need never be seen twice.

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    wordnet: { type: "string" },
    output: { type: "string" },
    part: { type: "string", default: "100000" },
    seed: { type: "string", default: "0" },
  },
});
if (!flags.data || !flags.wordnet || !flags.output) {
  console.error("node texts.ts --data FOLDER --wordnet FOLDER --output FOLDER [--part 100000] [--seed 0]");
  process.exit(2);
}
const random = recipeRandom(Number(flags.seed));
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

const documents = readSentences(flags.data);
const synsets = readWordNet(flags.wordnet);
const examples = synsets.flatMap(({ examples }) => examples);
const sentences = [...documents.flat(), ...examples];
const substitution = new Substitution([...sentences, ...synsets.map(({ definition }) => definition)], synsets, random);
const captions = new Captions(substitution, synsets, random);

const texts = new Set<string>();
const add = (text: string): void => {
  const words = text.split(" ").length;
  if (text.length > 1 && words <= 260) texts.add(text);
};
const counts: Record<string, number> = {};
const count = (name: string): void => {
  counts[name] = texts.size - Object.values(counts).reduce((sum, n) => sum + n, 0);
};

for (const sentence of sentences) add(sentence);
count("sentences");
for (const text of definitionTexts(synsets, random)) add(text);
count("definitions");
for (const text of questionTexts(synsets, random)) add(text);
count("questions");
// Clauses and phrases.
for (const sentence of sentences) {
  if (random() < 0.5) continue;
  const clauses = sentence.split(/[,;:()"“”]|—|--/).map((clause) => clause.trim());
  const long = clauses.filter((clause) => clause.split(" ").length >= 3);
  if (clauses.length > 1 && long.length > 0) add(pick(long));
}
count("clauses");
// Neighbours, and paragraphs of several sentences.
for (const document of documents) {
  for (let at = 0; at < document.length; ) {
    const target = random() < 0.4 ? 20 + random() * 40 : 60 + random() * 100;
    const group: string[] = [];
    let words = 0;
    while (at < document.length && words < target) {
      group.push(document[at]!);
      words += document[at]!.split(" ").length;
      at++;
    }
    if (group.length > 1 && random() < 0.6) add(group.join(" "));
  }
}
count("paragraphs");
for (const source of [sentences, sentences, synsets.map(({ definition }) => definition)]) {
  for (const text of source) if (random() < 0.75) add(substitution.changed(text));
}
count("substitutions");
for (const sentence of sentences) {
  if (sentence.split(" ").length >= 6 && random() < 0.5)
    add(headline(random() < 0.5 ? sentence : substitution.changed(sentence), random));
}
count("headlines");
for (const sentence of sentences) if (random() < 0.35) add(damaged(sentence, random));
count("damaged");
for (let i = 0; i < 180_000; i++) add(captions.next());
count("captions");

const all = [...texts];
for (let i = all.length - 1; i > 0; i--) {
  const other = Math.floor(random() * (i + 1));
  [all[i], all[other]] = [all[other]!, all[i]!];
}
mkdirSync(flags.output, { recursive: true });
const size = Number(flags.part);
for (let part = 0; part * size < all.length; part++) {
  const file = createWriteStream(join(flags.output, `texts-${String(part).padStart(2, "0")}.txt`));
  for (const text of all.slice(part * size, (part + 1) * size)) file.write(`${text}\n`);
  file.end();
}
console.log(JSON.stringify({ ...counts, all: all.length }));
