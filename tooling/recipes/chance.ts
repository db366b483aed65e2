import { readFileSync } from "node:fs";
import { recipeRandom } from "./cloze.ts";
import { type Squad, splitArticles } from "./squad.ts";

// What guessing scores on the test questions of the extractive-answers model: a span anywhere in the paragraph, as many
// words long as the answer of some training question. `node chance.ts FILE.json` with a SQuAD file; needs a build.

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: node chance.ts FILE.json");
const { SquadMetric } = (await import(
  new URL("../../packages/trainer/dist/index.js", import.meta.url).href
)) as typeof import("../../packages/trainer/src/index.ts");

/** Guesses for each question, so that the mean is one of chance, not of luck. */
const GUESSES = 100;

const { training, test } = splitArticles(JSON.parse(readFileSync(file, "utf8")) as Squad);
const lengths = training.flatMap(({ paragraphs }) =>
  paragraphs.flatMap(({ qas }) => qas.map(({ answers }) => answers[0]!.text.split(" ").length)),
);
const random = recipeRandom(0);
const below = (limit: number): number => Math.floor(random() * limit);
const metric = new SquadMetric();
for (const { context, qas } of test.flatMap(({ paragraphs }) => paragraphs)) {
  const words = context.split(/\s+/);
  for (const { answers } of qas) {
    for (let guess = 0; guess < GUESSES; guess++) {
      const length = lengths[below(lengths.length)]!;
      const first = below(Math.max(1, words.length - length + 1));
      metric.update(
        words.slice(first, first + length).join(" "),
        answers.map(({ text }) => text),
      );
    }
  }
}
const { f1, exactMatch, count } = metric.compute();
console.log(`F1 ${f1.toFixed(1)}, exact match ${exactMatch.toFixed(1)} on ${count / GUESSES} questions`);
