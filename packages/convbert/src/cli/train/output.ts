import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { writeFiles } from "@convbert/files";
import type { ConvBertPreTrainedModel } from "@convbert/model";
import {
  codeBlock,
  codeSpan,
  escapeMarkdown,
  modelCard,
  type TrainingRunOptions,
  type TrainSummary,
  trainingReport,
} from "@convbert/trainer";
import { shownPath } from "./command.js";
import type { TrainFlags, TrainTask } from "./flags.js";
import { duration } from "./progress.js";
import type { TaskRun } from "./tasks.js";

/** What a run has come to. */
export interface RunResult {
  readonly task: TrainTask;
  readonly flags: TrainFlags;
  readonly recipe: TrainingRunOptions;
  readonly run: TaskRun;
  readonly summary: TrainSummary;
  readonly test: Readonly<Record<string, number>> | null;
  /** The same with the weights as they are saved, where those are not float32. */
  readonly savedTest: Readonly<Record<string, number>> | null;
  /** Tokens of a row at most. */
  readonly maxLength: number;
  /** As a person would give it again. */
  readonly command: string;
  /** Path of the log. */
  readonly logFile: string;
}

/** What {@link saveResult} writes. */
export const RESULT_FILES = ["metrics.json", "report.html", "README.md"] as const;

/** Writes scores, card and report beside the model. */
export async function saveResult(result: RunResult): Promise<void> {
  const { flags, run, summary, test, savedTest, logFile, command, task } = result;
  const { output, saveDtype } = flags;
  const metrics = {
    ...(summary.best && {
      evaluation: summary.best.metrics,
      best: { step: summary.best.step, epoch: summary.best.epoch },
    }),
    ...(test && { test }),
    ...(savedTest && { testAsSaved: savedTest }),
    steps: summary.steps,
    tokens: summary.tokens,
    seconds: Math.round(summary.seconds),
  };
  const log = await readFile(logFile, "utf8");
  const report = trainingReport({
    title: `${nameOf(flags)}: ${task}`,
    subtitle: command,
    lines: log.split("\n"),
    tables: {
      Result: {
        ...named("evaluation", summary.best?.metrics),
        ...named("test", test),
        ...named(`test, ${saveDtype}`, savedTest),
        ...(summary.best && { "best step": summary.best.step }),
        steps: summary.steps,
        ended: summary.reason,
        tokens: summary.tokens,
        time: duration(summary.seconds),
        ...named("examples", run.counts),
      },
      Options: optionsOf(result),
      Model: modelOf(run.model),
    },
  });
  const files: Record<(typeof RESULT_FILES)[number], string> = {
    "metrics.json": `${JSON.stringify(metrics, null, 2)}\n`,
    "report.html": report,
    "README.md": cardOf(result),
  };
  await writeFiles(output, files);
}

/** Numbers with the set that they belong to in front of their names. */
function named(set: string, numbers: Readonly<Record<string, number>> | null | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers ?? {}).map(([name, value]) => [`${set}: ${name}`, value]));
}

function nameOf({ output }: TrainFlags): string {
  return basename(resolve(output));
}

/** The options of the run that have a value. */
function optionsOf({ recipe, flags, maxLength }: RunResult): Record<string, unknown> {
  const { dropout, initEmbeddings } = flags;
  const own = { maxLength, dropout, initEmbeddings: initEmbeddings && shownPath(initEmbeddings) };
  return Object.fromEntries(
    Object.entries({ ...recipe, ...own }).filter(
      ([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

function modelOf(model: ConvBertPreTrainedModel): Record<string, unknown> {
  const { config } = model;
  return {
    class: model.modelName,
    parameters: model.numParameters(),
    layers: config.num_hidden_layers,
    hidden_size: config.hidden_size,
    embedding_size: config.embedding_size,
    heads: config.num_attention_heads,
    head_ratio: config.head_ratio,
    intermediate_size: config.intermediate_size,
    conv_kernel_size: config.conv_kernel_size,
    vocab_size: config.vocab_size,
    dropout: config.hidden_dropout_prob,
  };
}

function cardOf(result: RunResult): string {
  const { task, flags, run, summary, test, savedTest, command } = result;
  const { config } = run.model;
  const name = nameOf(flags);
  const files = (given: readonly string[] | undefined): string =>
    escapeMarkdown((given ?? []).map(shownPath).join(", "));
  const { train, evaluation, test: testCount, windows } = run.counts;
  const held = flags.evalShare === undefined ? files(flags.eval) : "the end of the same files";
  const labels = Object.values(config.id2label);
  const start =
    flags.model === undefined
      ? `random weights (seed ${flags.seed ?? 0})` +
        (flags.initEmbeddings === undefined
          ? ""
          : `, the word embeddings from those of ${codeSpan(shownPath(flags.initEmbeddings))}, projected to ${config.embedding_size} numbers`)
      : codeSpan(shownPath(flags.model));
  const options = Object.entries(optionsOf(result)).map(([option, value]) =>
    escapeMarkdown(`${option} ${JSON.stringify(value)}`),
  );
  return modelCard({
    name,
    task: task === "sentence-embedding" ? "sentence-similarity" : task,
    dataset: flags.datasetName ?? flags.data.map((file) => basename(file)).join(", "),
    language: flags.language,
    license: flags.license,
    baseModel: flags.model !== undefined && /^[\w.-]+\/[\w.-]+$/.test(flags.model) ? flags.model : undefined,
    summary:
      `A ConvBERT for ${task}: ${config.num_hidden_layers} layers, hidden size ${config.hidden_size}, ` +
      `${run.model.numParameters().toLocaleString("en")} parameters, stored as ${flags.saveDtype ?? "float32"}.`,
    scores: [
      ...(summary.best ? [{ split: "evaluation", metrics: summary.best.metrics }] : []),
      ...(test ? [{ split: "test", metrics: test }] : []),
      ...(savedTest ? [{ split: `test (${flags.saveDtype})`, metrics: savedTest }] : []),
    ],
    sections: {
      Data: [
        `- **Training:** ${files(flags.data)}, ${train} examples${windows === undefined ? "" : ` (${windows} windows)`}`,
        ...(evaluation === undefined
          ? []
          : [`- **Evaluation**, which chose the best weights: ${held}, ${evaluation} examples`]),
        ...(testCount === undefined ? [] : [`- **Test**, measured once: ${files(flags.test)}, ${testCount} examples`]),
        ...(isClassifier(task) && !flags.regression ? [`- **Labels:** ${labels.map(escapeMarkdown).join(", ")}`] : []),
        `- **Terms:** ${flags.terms ?? "those of the data; see where it comes from"}`,
      ].join("\n"),
      Training: [
        `From ${start}. ${summary.steps} steps (${summary.epochs} epochs), ${summary.tokens.toLocaleString("en")} tokens, ` +
          `${duration(summary.seconds)}. ${
            summary.keptBest && summary.best
              ? `The weights are those of step ${summary.best.step}, the best evaluation.`
              : "The weights are those of the last step."
          }`,
        "",
        `Options: ${options.join(", ")}.`,
        "",
        codeBlock(command, "sh"),
      ].join("\n"),
      Use: codeBlock(
        `convbert run ${task === "sentence-embedding" ? "feature-extraction" : task} --model ${name}`,
        "sh",
      ),
    },
  });
}

function isClassifier(task: TrainTask): boolean {
  return task === "text-classification" || task === "token-classification";
}
