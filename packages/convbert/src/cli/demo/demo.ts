import { performance } from "node:perf_hooks";
import { type Pipeline, pipeline, type RunProgress } from "@convbert/pipelines";
import type { Command } from "commander";
import { EXIT } from "../errors.js";
import { type Line, readLines } from "../lines.js";
import { loadingOptions, type ModelFlags, withWideVectors } from "../model-options.js";
import { jsonLine, printable } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { defaultModel } from "../shipped-models.js";
import { barColumns, folded, grouped, marked, type Style, styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";
import { searchByMeaning } from "./meaning.js";

/** What the labels of the question model mean. */
const QUESTION_LABELS: Readonly<Record<string, string>> = {
  ABBR: "abbreviation",
  DESC: "description",
  ENTY: "entity",
  HUM: "human",
  LOC: "location",
  NUM: "number",
};

/** One for each label. */
const SENTENCES = [
  "Who wrote the opera Carmen?",
  "How far is it from the Earth to the Moon?",
  "Which city hosted the first modern Olympic Games?",
  "What does the abbreviation NASA stand for?",
  "What breed of dog pulls heavy sleds across the snow?",
  "Why do the leaves of the maple tree turn red in autumn?",
];

interface Models {
  readonly classify: Pipeline<"text-classification">;
  readonly chunk: Pipeline<"token-classification">;
  /** What loading took, with a first run. */
  readonly milliseconds: number;
}

/** Adds `convbert demo`. */
export function addDemo(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("demo")
    .description("answer a few sentences, or the lines of standard input, with two small models")
    .option("--json", "one line of JSON for each sentence");
  withWideVectors(command).action(async (flags: ModelFlags & { readonly json?: boolean }) => {
    finish(await demo(flags, terminal, program.opts()["color"]));
  });
}

async function demo(
  flags: ModelFlags & { readonly json?: boolean },
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  const { stdout } = terminal;
  const style = styleFor(terminal, color);
  const progress = new ProgressLine(terminal.stderr);
  progress.show("loading two models");
  // Both at once: a pipe that stays silent costs no more than the loading does.
  const [hasInput, models] = await Promise.all([terminal.hasInput(), load(flags, terminal, progress)]);
  await progress.clear();
  using _ = models;
  const run = new Run(models, terminal);
  if (!flags.json) await stdout.write(`${title(models, style)}\n`);

  const sentences: AsyncIterable<Line> | Line[] = hasInput
    ? readLines(terminal.stdin)
    : SENTENCES.map((text) => ({ text }));
  let number = 0;
  let isWhole = true;
  for await (const { text, problem } of sentences) {
    number++;
    if (problem !== undefined) {
      isWhole = false;
      if (flags.json) await stdout.write(`${jsonLine({ error: problem })}\n`);
      await terminal.stderr.write(`convbert: line ${number}: ${problem}\n`);
    } else if (text.trim() !== "") {
      const result = await run.of(text);
      await stdout.write(flags.json ? `${jsonLine(result)}\n` : `\n${shown(result, style)}\n`);
    } else if (flags.json) {
      isWhole = false;
      await stdout.write(`${jsonLine({ error: "the line is empty" })}\n`);
    }
  }
  const code = isWhole ? EXIT.success : EXIT.unusable;
  if (flags.json) return code;
  if (run.sentences > 0) await stdout.write(`\n${run.speed(style)}\n`);
  else await stdout.write("\nnothing but empty lines on standard input\n");
  if (hasInput) return code;
  await stdout.write(`\n${await searchByMeaning(flags, terminal, progress, style)}\n`);
  await stdout.write(`\n${nextSteps(terminal, style)}\n`);
  return code;
}

async function load(flags: ModelFlags, terminal: Terminal, progress: ProgressLine): Promise<Models & Disposable> {
  const begun = performance.now();
  const options = loadingOptions(flags, terminal, progress);
  const classify = await pipeline("text-classification", defaultModel("text-classification"), options);
  const chunk = await pipeline("token-classification", defaultModel("token-classification"), options);
  // The first run compiles code; what follows is the speed that a longer run has.
  await classify(SENTENCES[0]!);
  await chunk(SENTENCES[0]!);
  return {
    classify,
    chunk,
    milliseconds: performance.now() - begun,
    [Symbol.dispose]() {
      classify.dispose();
      chunk.dispose();
    },
  };
}

interface DemoResult {
  readonly text: string;
  readonly labels: readonly { readonly label: string; readonly score: number }[];
  readonly chunks: readonly { readonly entity_group: string; readonly start: number; readonly end: number }[];
}

/** Answers sentences and keeps count. */
class Run {
  readonly #models: Models;
  readonly #terminal: Terminal;
  #tokens = 0;
  #milliseconds = 0;
  sentences = 0;

  constructor(models: Models, terminal: Terminal) {
    this.#models = models;
    this.#terminal = terminal;
  }

  async of(text: string): Promise<DemoResult> {
    const { signal } = this.#terminal;
    // Each call counts from 0.
    const counter = (): ((progress: RunProgress) => void) => {
      let counted = 0;
      return ({ tokens }) => {
        this.#tokens += tokens - counted;
        counted = tokens;
      };
    };
    const begun = performance.now();
    // A line may be a whole book: the classifier reads its beginning, the chunker all of it, in windows.
    const labels = await this.#models.classify(text, { top_k: null, truncation: true, signal, onProgress: counter() });
    const chunks = await this.#models.chunk(text, {
      aggregation_strategy: "first",
      stride: 64,
      signal,
      onProgress: counter(),
    });
    this.#milliseconds += performance.now() - begun;
    this.sentences++;
    return { text, labels, chunks };
  }

  /** What it took. */
  speed(style: Style): string {
    const perSecond = Math.round((this.#tokens / this.#milliseconds) * 1000);
    const each = this.#milliseconds / this.sentences;
    const { dim, bold } = style.colors;
    const what = `${this.sentences} ${this.sentences === 1 ? "sentence" : "sentences"}, ${grouped(this.#tokens)} tokens`;
    const text =
      dim(`${what} through both models: `) +
      bold(`${grouped(perSecond)} tokens per second`) +
      dim(`, ${each < 10 ? each.toFixed(1) : Math.round(each)} ms a sentence`);
    return folded(text, style, "");
  }
}

function shown({ text, labels, chunks }: DemoResult, style: Style): string {
  const rows = labels.map(({ label, score }) => ({ label: QUESTION_LABELS[label] ?? label, score }));
  const spans = chunks.map(({ entity_group: kind, start, end }) => ({ kind, start, end }));
  return [
    folded(style.colors.bold(printable(text)), style, ""),
    // The model knows questions only: of anything else it says what it would answer.
    ...(text.includes("?") ? [] : [style.colors.dim("  read as a question:")]),
    barColumns(rows, style),
    folded(marked(text, spans, style), style),
  ].join("\n");
}

function title({ classify, milliseconds }: Models, style: Style): string {
  const { bold, dim, cyan } = style.colors;
  const { backend } = classify.model as unknown as { backend: { description: string } };
  return [
    `${bold(cyan("ConvBERT"))} ${bold("in TypeScript")}`,
    folded(
      dim(
        `Two small models, ready in ${Math.round(milliseconds)} ms, computing with ${backend.description}: ` +
          "what kind of answer a question asks for, and the phrases of a sentence.",
      ),
      style,
      "",
    ),
  ].join("\n");
}

function nextSteps({ env }: Terminal, style: Style): string {
  const { bold, cyan, dim } = style.colors;
  const isStart = env["npm_lifecycle_event"] === "start";
  const command = isStart ? "npm start --" : "convbert";
  const step = (line: string, what: string): string => `  ${cyan(line)}\n${folded(dim(what), style, "      ")}`;
  return [
    bold("Try next"),
    step(
      `echo "Where is the Eiffel Tower?" | ${isStart ? "npm start" : "convbert demo"}`,
      "your own sentences, one a line",
    ),
    step(`${command} run token-classification "The old man sold his boat."`, "one task; --json for machines"),
    step(`${command} inspect ${isStart ? "packages/models/chunking" : "FOLDER"}`, "what a model is made of"),
    step(`${command} search --help`, "find what is meant among your own texts"),
    step(`${command} models`, "all our models, and how to get them"),
    step(`${command} run --help`, "all tasks, and how to name a model of your own"),
  ].join("\n");
}
