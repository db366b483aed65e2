import { createWriteStream, readFileSync } from "node:fs";
import { basename, join } from "node:path";

// How likely several models together take each class, for each text of JSONL files:
// node tooling/recipes/distil/ensemble.ts OUTPUT_FOLDER MODEL,MODEL,MODEL FILE...
// Each file gives OUTPUT_FOLDER/FILE with {"text", "label": {"NAME": share, ...}}: of texts that have a label the mean of it and
// of what the models say. How often the likeliest class is the label is printed.

const { pipeline } = await import(new URL("../../../packages/convbert/dist/index.js", import.meta.url).href);
const [output, models, ...files] = process.argv.slice(2);
if (output === undefined || models === undefined) throw new Error("give a folder, models and files");

interface Scored {
  readonly label: string;
  readonly score: number;
}

const voters = [];
for (const model of models.split(",")) voters.push(await pipeline("text-classification", model, { threads: 1 }));
for (const file of files) {
  const examples: { text: string; label?: string }[] = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const votes: Record<string, number>[] = examples.map(() => ({}));
  for (const voter of voters) {
    const answers: Scored[][] = await voter(
      examples.map(({ text }) => text),
      { top_k: null, truncation: true },
    );
    for (const [i, scores] of answers.entries()) {
      for (const { label, score } of scores) votes[i]![label] = (votes[i]![label] ?? 0) + score / voters.length;
    }
  }
  const out = createWriteStream(join(output, basename(file)));
  let [right, known] = [0, 0];
  for (const [i, { text, label }] of examples.entries()) {
    const names = Object.keys(votes[i]!).sort();
    const best = names.reduce((a, b) => (votes[i]![a]! >= votes[i]![b]! ? a : b));
    if (label !== undefined) known++;
    if (label === best) right++;
    const share = (name: string) =>
      label === undefined ? votes[i]![name]! : (votes[i]![name]! + Number(name === label)) / 2;
    const soft = Object.fromEntries(names.map((name) => [name, Number(share(name).toFixed(4))]));
    out.write(`${JSON.stringify({ text, label: soft })}\n`);
  }
  await new Promise((resolve) => out.end(resolve));
  console.log(
    `${basename(file)}: ${examples.length} texts${known > 0 ? `, accuracy ${(right / known).toFixed(4)}` : ""}`,
  );
}
for (const voter of voters) voter.dispose();
