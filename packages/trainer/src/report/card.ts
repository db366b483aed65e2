import { escapeMarkdown, yamlString } from "./escape.js";

/** A score of the card: a metric on a data set. */
export interface CardScore {
  /** Which examples: "evaluation", "test". */
  readonly split: string;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface ModelCard {
  readonly name: string;
  /** The hub's name of the task, "text-classification". */
  readonly task: string;
  /** What it does and what it is, in a sentence or two of Markdown. */
  readonly summary: string;
  /** Paragraphs or list lines in Markdown by heading, in order; what comes from data goes through `escapeMarkdown`. */
  readonly sections: Readonly<Record<string, string>>;
  readonly scores: readonly CardScore[];
  /** Name of the data set. */
  readonly dataset: string;
  /** Of the data. Default "en". */
  readonly language?: string | undefined;
  /** Of the model, as the hub names it: "apache-2.0". */
  readonly license?: string | undefined;
  /** The model that it was trained from, by its hub id. */
  readonly baseModel?: string | undefined;
}

/** Names of metrics on the hub, where they have others. */
const HUB_METRICS: Readonly<Record<string, string>> = {
  macroF1: "f1",
  microF1: "f1",
  weightedF1: "f1",
  matthews: "matthews_correlation",
  pearson: "pearsonr",
  spearman: "spearmanr",
  meanSquaredError: "mse",
  meanAbsoluteError: "mae",
  exactMatch: "exact_match",
};

/** A model card: README.md with the front matter that the Hugging Face hub reads (`model-index` with the scores). */
export function modelCard(card: ModelCard): string {
  const { name, task, summary, sections, scores, dataset, language = "en", license, baseModel } = card;
  const results = scores.flatMap(({ split, metrics }) => [
    "      - task:",
    `          type: ${yamlString(task)}`,
    "        dataset:",
    `          name: ${yamlString(dataset)}`,
    `          type: ${yamlString(dataset)}`,
    `          split: ${yamlString(split)}`,
    "        metrics:",
    ...Object.entries(metrics)
      .filter(([, value]) => Number.isFinite(value))
      .flatMap(([metric, value]) => [
        `          - type: ${yamlString(Object.hasOwn(HUB_METRICS, metric) ? HUB_METRICS[metric]! : metric)}`,
        `            name: ${yamlString(metric)}`,
        `            value: ${value}`,
      ]),
  ]);
  const front = [
    "---",
    `language: ${yamlString(language)}`,
    ...(license === undefined ? [] : [`license: ${yamlString(license)}`]),
    'library_name: "convbert"',
    `pipeline_tag: ${yamlString(task)}`,
    "tags:",
    '  - "convbert"',
    ...(baseModel === undefined ? [] : [`base_model: ${yamlString(baseModel)}`]),
    ...(results.length === 0 ? [] : ["model-index:", `  - name: ${yamlString(name)}`, "    results:", ...results]),
    "---",
  ];
  const body = [
    `# ${escapeMarkdown(name)}`,
    summary,
    ...(scores.length === 0 ? [] : ["## Scores", scoreTable(scores)]),
    ...Object.entries(sections).flatMap(([heading, content]) => [`## ${escapeMarkdown(heading)}`, content]),
  ];
  return `${front.join("\n")}\n\n${body.join("\n\n")}\n`;
}

function scoreTable(scores: readonly CardScore[]): string {
  const names = [...new Set(scores.flatMap(({ metrics }) => Object.keys(metrics)))];
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const lines = scores.map(({ split, metrics }) =>
    row([escapeMarkdown(split), ...names.map((name) => (metrics[name] === undefined ? "" : metrics[name].toFixed(4)))]),
  );
  return [row(["examples", ...names.map(escapeMarkdown)]), row(["---", ...names.map(() => "---:")]), ...lines].join(
    "\n",
  );
}
