import { writeFiles } from "@convbert/files";
import type { ConvBertForSequenceClassification } from "@convbert/heads";
import type { ConvBertPreTrainedModel } from "@convbert/model";
import {
  fileLog,
  type IndexedDataset,
  sliceDataset,
  type TaskExamples,
  type TrainerEvent,
  type TrainingRunOptions,
  type TrainSummary,
} from "@convbert/trainer";
import { namedLabels, type Splits, TASKS } from "@convbert/trainer/internal";
import type { Command } from "commander";
import { EXIT, UsageError } from "../errors.js";
import { warn } from "../model-options.js";
import { jsonLine, printable } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";
import { classNamesBeside } from "./class-names.js";
import { commandText } from "./command.js";
import { contentsOf } from "./contents.js";
import { openFilesOf } from "./data.js";
import { checkTrainFlags, TRAIN_TASKS, type TrainFlags, type TrainTask } from "./flags.js";
import { type Scores, TrainingFolder } from "./folder.js";
import { checkFormatFlags, formatNameOf } from "./formats.js";
import { loadTokenizer, makeModel, readModelConfig } from "./model.js";
import { addTrainOptions } from "./options.js";
import { RESULT_FILES, saveResult } from "./output.js";
import { shown, TrainProgress } from "./progress.js";
import { recipeOf } from "./recipe.js";
import { checkSentenceFlags, openTaught, sentenceColumns } from "./sentences.js";
import { setUpTask, type TaskRun } from "./tasks.js";

/** Adds `convbert train`. */
export function addTrain(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  addTrainOptions(program.command("train")).action(async (task: string, flags: TrainFlags, command: Command) => {
    const text = commandText(command, task);
    finish(await train(checkTask(task), flags, text, terminal, program.opts()["color"]));
  });
}

function checkTask(task: string): TrainTask {
  if ((TRAIN_TASKS as readonly string[]).includes(task)) return task as TrainTask;
  throw new UsageError(`there is no task "${task}"; choose one of ${TRAIN_TASKS.join(", ")}`);
}

async function train(
  task: TrainTask,
  flags: TrainFlags,
  command: string,
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  checkTrainFlags(task, flags);
  if (task === "sentence-embedding") checkSentenceFlags(flags);
  const folder = await TrainingFolder.claim(flags);
  try {
    return await trainIn(folder, task, flags, command, terminal, color);
  } finally {
    await folder.release();
  }
}

async function trainIn(
  folder: TrainingFolder,
  task: TrainTask,
  flags: TrainFlags,
  command: string,
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  const line = new ProgressLine(terminal.stderr);
  const modelConfig = await readModelConfig(flags, terminal, line);
  const tokenizer = await loadTokenizer(flags, terminal);
  const splits = await openSplits(task, flags, terminal, line);
  const maxLength = longestRow(task, flags, modelConfig?.max_position_embeddings);
  let run: TaskRun | undefined;
  try {
    const classNames = await classNamesBeside(task, flags);
    const known = { ...flags, ...(classNames && { classNames }) };
    run = await setUpTask(task, known, {
      splits,
      tokenizer,
      maxLength,
      modelLabels: modelConfig && namedLabels(modelConfig.id2label),
      signal: terminal.signal,
      onProgress: (text) => line.show(text),
      makeModel: (Model, changes) => makeModel(Model, changes, tokenizer, flags, terminal, line),
    });
    if (flags.initEmbeddings !== undefined) {
      line.show("starting the word embeddings");
      const { initialiseWordEmbeddings } = await import("@convbert/trainer/embeddings");
      await initialiseWordEmbeddings(run.model, flags.initEmbeddings);
    }
    const { signal } = terminal;
    const onProgress = (text: string) => line.show(text);
    const contents = await contentsOf({
      ...{ task, flags: known, tokenizer, model: run.model, maxLength, signal, onProgress },
    });
    for (const note of run.notes ?? []) await warn(note, terminal, line);
    await line.clear();
    const { classWeights } = run;
    const recipe = {
      ...recipeOf(flags, flags.model !== undefined, run.model.config.hidden_size),
      ...(classWeights && { classWeights }),
    };
    const options = { ...contents, ...recipe };
    if (await folder.isFinished(options, flags.epochs !== undefined || flags.steps !== undefined)) {
      await tellResult(folder.earlier?.scores ?? {}, flags, terminal);
      if (flags.keepCheckpoints === false) await folder.removeCheckpoints();
      return EXIT.success;
    }
    const names = [
      "config.json",
      ...Object.keys(await tokenizer.toFiles()),
      ...RESULT_FILES,
      ...(run.files ?? []).map(([name]) => name),
    ];
    const style = styleFor({ ...terminal, stdout: terminal.stderr }, color);
    const progress = new TrainProgress(terminal, line, style);
    const learning = { run, recipe, contents, options, names, flags, terminal };
    const summary = await learn(folder, learning, (event) => progress.show(event));
    const test = await measure(run, run.model, terminal, line);
    await folder.beginSaving(names);
    line.show("saving");
    await run.model.savePretrained(flags.output, { dtype: flags.saveDtype ?? "float32" });
    await tokenizer.savePretrained(flags.output);
    await writeFiles(flags.output, run.files ?? []);
    const savedTest = await measureSaved(run, flags, terminal, line);
    const { logFile } = folder;
    await saveResult({ task, flags, recipe, run, summary, test, savedTest, maxLength, command, logFile });
    const scores = {
      ...(summary.best && { evaluation: summary.best.metrics }),
      ...(test && { test }),
      ...(savedTest && { testAsSaved: savedTest }),
    };
    await folder.finish(summary.steps, scores, names);
    await line.clear();
    await tellResult(scores, flags, terminal);
    if (flags.keepCheckpoints === false) await folder.removeCheckpoints();
  } catch (error) {
    await line.clear();
    if (terminal.signal.aborted) await tellHowToGoOn(folder, terminal);
    throw error;
  } finally {
    run?.model.dispose();
    await Promise.all([splits.train, splits.evaluation, splits.test].map((dataset) => dataset?.close()));
  }
  return EXIT.success;
}

/** What the steps are made of. */
interface Learning {
  readonly run: TaskRun;
  readonly recipe: TrainingRunOptions;
  readonly contents: Readonly<Record<string, unknown>>;
  /** Both: what a run that goes on must have in common. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Files that are written in the end. */
  readonly names: readonly string[];
  readonly flags: TrainFlags;
  readonly terminal: Terminal;
}

async function learn(
  folder: TrainingFolder,
  { run, recipe, contents, options, names, flags, terminal }: Learning,
  onEvent: (event: TrainerEvent) => void,
): Promise<TrainSummary> {
  const { signal, stdout } = terminal;
  const { overwrite = false, resume = false, json } = flags;
  await folder.begin(options, names);
  const log = await fileLog(folder.logFile);
  try {
    return await run.train({
      ...recipe,
      metric: run.evaluation && (flags.metric ?? run.metric),
      evaluate: run.evaluation,
      checkpoints: folder.checkpoints,
      checkpointEvery: flags.checkpointEvery,
      resume,
      overwrite,
      fingerprint: contents,
      log,
      signal,
      onEvent(event) {
        if (event.type === "start") folder.noteStart();
        if (json && event.type !== "evaluating") void stdout.write(`${jsonLine(event)}\n`);
        onEvent(event);
      },
    });
  } finally {
    await log.close();
  }
}

async function measure(
  run: TaskRun,
  model: ConvBertPreTrainedModel,
  { signal }: Terminal,
  line: ProgressLine,
): Promise<Readonly<Record<string, number>> | null> {
  if (run.test === undefined) return null;
  return run.test(model)({ signal, onProgress: (done, total) => line.show(`testing  ${done} of ${total}`) });
}

/** The test with the weights that a user of the model will have, where saving has rounded them. */
async function measureSaved(
  run: TaskRun,
  { output, saveDtype = "float32", backend, threads }: TrainFlags,
  terminal: Terminal,
  line: ProgressLine,
): Promise<Readonly<Record<string, number>> | null> {
  if (run.test === undefined || saveDtype === "float32") return null;
  const Model = run.model.constructor as unknown as typeof ConvBertForSequenceClassification;
  using saved = await Model.fromPretrained(output, {
    ...(backend && { backend }),
    ...(threads !== undefined && { threads }),
    signal: terminal.signal,
  });
  return await measure(run, saved, terminal, line);
}

async function tellHowToGoOn({ checkpoints }: TrainingFolder, terminal: Terminal): Promise<void> {
  const newest = (await checkpoints.list()).at(-1);
  if (newest === undefined) return;
  await terminal.stderr.write(
    `stopped; ${newest} is in ${printable(checkpoints.location)}\nTo go on, give the same command with --resume.\n`,
  );
}

async function tellResult(scores: Scores, { json, output }: TrainFlags, { stdout }: Terminal): Promise<void> {
  await stdout.write(json ? `${jsonLine({ type: "result", output, ...scores })}\n` : readable(scores, output));
}

async function openSplits<Task extends TrainTask>(
  task: Task,
  flags: TrainFlags,
  terminal: Terminal,
  line: ProgressLine,
): Promise<Splits<TaskExamples[Task]>> {
  const options = { signal: terminal.signal, onProgress: (text: string) => line.show(text) };
  const files = [...flags.data, ...(flags.eval ?? []), ...(flags.test ?? [])];
  checkFormatFlags(await Promise.all(files.map((file) => formatNameOf(task, file, flags))), flags);
  const flagsOf = (part: "train" | "held") => {
    if (task !== "sentence-embedding") return flags;
    const { textColumn: _, pairColumn: __, negativeColumn: ___, scoreColumn: ____, ...rest } = flags;
    return { ...rest, ...sentenceColumns(flags, part) };
  };
  const open = (files: readonly string[] | undefined) =>
    files === undefined ? undefined : openFilesOf(task, files, flagsOf("held"), options);
  const taught = flags.teacher && (await openTaught(flags.data, flags.teacher, flagsOf("train"), options));
  const all =
    (taught as unknown as IndexedDataset<TaskExamples[Task]> | undefined) ??
    (await openFilesOf(task, flags.data, flagsOf("train"), options));
  const [evaluation, test] = [await open(flags.eval), await open(flags.test)];
  const { evalShare } = flags;
  if (evalShare === undefined) {
    if (evaluation === undefined) {
      await warn("without --eval or --eval-share no score tells which weights are best", terminal, line);
    }
    return { train: all, evaluation, test };
  }
  const held = Math.min(all.length - 1, Math.max(1, Math.round(all.length * evalShare)));
  // The end of the file in one piece: neighbours are often alike, as questions about one text.
  const part = (start: number, end: number): IndexedDataset<TaskExamples[Task]> => sliceDataset(all, start, end);
  return { train: part(0, all.length - held), evaluation: part(all.length - held, all.length), test };
}

/** Tokens of a row at most. */
function longestRow(task: TrainTask, flags: TrainFlags, positions = flags.maxPositions ?? 512): number {
  const { maxLength = Math.min(positions, TASKS[task].maxLength) } = flags;
  if (maxLength > positions) throw new UsageError(`--max-length ${maxLength} is more than the model's ${positions}`);
  return maxLength;
}

function readable(scores: Readonly<Record<string, Readonly<Record<string, number>>>>, output: string): string {
  const lines = Object.entries(scores).map(([set, metrics]) => {
    const values = Object.entries(metrics).map(([name, value]) => `${printable(name)} ${shown(value)}`);
    return `${set}: ${values.join(", ")}\n`;
  });
  return `${lines.join("")}saved in ${printable(output)}\n`;
}
