import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

// Measures a sentence encoder: Spearman's correlation on the STS tasks (the mean of their parts) and on SICK's test set, and
// how often a question of XQuAD finds its paragraph among all 240. None of this is trained on.

const root = fileURLToPath(new URL("../../..", import.meta.url));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: join(root, "../shared/data") },
    dtype: { type: "string", default: "float32" },
    threads: { type: "string", default: "1" },
    years: { type: "string", default: "2015,2016" },
  },
});
const [model] = positionals;
if (model === undefined) {
  console.error(
    "node measure.ts MODEL_FOLDER [--dtype float32|int8] [--data FOLDER] [--threads 1] [--years 2015,2016]",
  );
  process.exit(2);
}

type Vector = Float32Array;
interface Packages {
  pipeline(
    task: "feature-extraction",
    source: string,
    options: object,
  ): Promise<(texts: readonly string[], options: object) => Promise<{ data: Vector }[]>>;
  RegressionMetric: new () => {
    update(predicted: number[], expected: number[]): void;
    compute(): { spearman: number };
  };
}
const built = async (name: string) =>
  (await import(pathToFileURL(join(root, `packages/${name}/dist/index.js`)).href)) as Packages;
const [{ pipeline }, { RegressionMetric }] = [await built("pipelines"), await built("trainer")];

const threads = Number(flags.threads);
const extract = await pipeline("feature-extraction", model, { dtype: flags.dtype, threads });
const embed = async (texts: readonly string[]): Promise<Vector[]> => {
  const options = { pooling: "mean", normalize: true, truncation: true };
  return (await extract(texts, options)).map(({ data }) => data);
};
const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

async function spearman(pairs: readonly (readonly [score: number, a: string, b: string])[]): Promise<number> {
  const left = await embed(pairs.map(([, a]) => a));
  const right = await embed(pairs.map(([, , b]) => b));
  const metric = new RegressionMetric();
  metric.update(
    left.map((vector, i) => dot(vector, right[i]!)),
    pairs.map(([score]) => score),
  );
  return metric.compute().spearman;
}

const rowsOf = (path: string): string[][] =>
  readFileSync(join(flags.data, path), "utf8")
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([first]) => first !== "" && first !== undefined);

for (const year of flags.years.split(",").filter(Boolean)) {
  const parts: Record<string, number> = {};
  for (const file of readdirSync(join(flags.data, "sts"))) {
    const [, name] = file.match(new RegExp(`^${year}\\.(.+)\\.test\\.tsv$`)) ?? [];
    if (name === undefined) continue;
    const rows = rowsOf(`sts/${file}`).filter((row) => row.length >= 3);
    parts[name] = await spearman(rows.map(([score, a, b]) => [Number(score), a!, b!]));
  }
  const values = Object.values(parts);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const told = Object.entries(parts).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  console.log(`STS ${year}: ${mean.toFixed(4)} (${told.join(", ")})`);
}

const [, ...sick] = rowsOf("sts/SICK_test_annotated.txt");
console.log(`SICK: ${(await spearman(sick.map(([, a, b, score]) => [Number(score), a!, b!]))).toFixed(4)}`);

interface Squad {
  readonly data: readonly {
    readonly paragraphs: readonly {
      readonly context: string;
      readonly qas: readonly { readonly question: string }[];
    }[];
  }[];
}
const squad = JSON.parse(readFileSync(join(flags.data, "xquad/xquad.en.json"), "utf8")) as Squad;
const paragraphs = squad.data.flatMap(({ paragraphs: all }) => all);
const contexts = await embed(paragraphs.map(({ context }) => context));
const asked = paragraphs.flatMap(({ qas }, own) => qas.map(({ question }) => ({ question, own })));
const questions = await embed(asked.map(({ question }) => question));
const ranks = asked.map(({ own }, i) => {
  const scores = contexts.map((context) => dot(questions[i]!, context));
  return scores.filter((score) => score > scores[own]!).length + 1;
});
const share = (k: number): string => (ranks.filter((rank) => rank <= k).length / ranks.length).toFixed(4);
console.log(
  `XQuAD: recall@1 ${share(1)}, recall@5 ${share(5)} (${ranks.length} questions, ${contexts.length} paragraphs)`,
);
