import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ConvBertForSequenceClassification } from "@convbert/heads";
import type { PreTrainedModel } from "@convbert/model";
import {
  fileLog,
  folderCheckpoints,
  type IndexedDataset,
  sliceDataset,
  type TrainerEvent,
  type TrainSummary,
} from "@convbert/trainer";
import type { Command } from "commander";
import { EXIT, UsageError } from "./failure.js";
import { warn } from "./model-options.js";
import { ProgressLine } from "./progress.js";
import { styleFor } from "./style.js";
import type { Terminal } from "./terminal.js";
import { commandText } from "./train-command.js";
import { fileSizes, openFilesOf, type TaskExamples } from "./train-data.js";
import { checkTrainFlags, TRAIN_TASKS, type TrainFlags, type TrainTask } from "./train-flags.js";
import { loadTokenizer, makeModel, namedLabels, readModelConfig } from "./train-model.js";
import { addTrainOptions } from "./train-options.js";
import { outputState, saveResult } from "./train-output.js";
import { shown, TrainProgress } from "./train-progress.js";
import { type RunOptions, type Splits, setUpTask, type TaskRun } from "./train-tasks.js";

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
  await checkOutput(flags);
  const line = new ProgressLine(terminal.stderr);
  const modelConfig = await readModelConfig(flags, terminal, line);
  const tokenizer = await loadTokenizer(flags, terminal);
  const splits = await openSplits(task, flags, terminal, line);
  const maxLength = longestRow(task, flags, modelConfig?.max_position_embeddings);
  let run: TaskRun | undefined;
  try {
    run = await setUpTask(task, {
      splits,
      tokenizer,
      flags,
      maxLength,
      modelLabels: namedLabels(modelConfig),
      signal: terminal.signal,
      onProgress: (text) => line.show(text),
      makeModel: (Model, changes) => makeModel(Model as never, changes, tokenizer, flags, terminal, line),
    });
    if (flags.initEmbeddings !== undefined) {
      line.show("starting the word embeddings");
      const { initialiseWordEmbeddings } = await import("@convbert/trainer/embeddings");
      await initialiseWordEmbeddings(run.model, flags.initEmbeddings);
    }
    await line.clear();
    const recipe = recipeOf(flags, flags.model !== undefined, run.model.config.hidden_size);
    const style = styleFor({ ...terminal, stdout: terminal.stderr }, color);
    const progress = new TrainProgress(terminal, line, style);
    const summary = await learn(task, run, recipe, flags, terminal, (event) => progress.show(event));
    const test = await measure(run, run.model, terminal, line);
    line.show("saving");
    await run.model.savePretrained(flags.output, { dtype: flags.saveDtype ?? "float32" });
    await tokenizer.savePretrained(flags.output);
    const savedTest = await measureSaved(run, flags, terminal, line);
    await saveResult({ task, flags, recipe, run, summary, test, savedTest, maxLength, command, logFile: LOG });
    await line.clear();
    const scores = {
      ...(summary.best && { evaluation: summary.best.metrics }),
      ...(test && { test }),
      ...(savedTest && { testAsSaved: savedTest }),
    };
    const result = { type: "result", output: flags.output, ...scores };
    await terminal.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : readable(scores, flags.output));
    if (!flags.keepCheckpoints) await rm(join(flags.output, CHECKPOINTS), { recursive: true, force: true });
  } catch (error) {
    await line.clear();
    if (terminal.signal.aborted) await tellHowToGoOn(flags.output, terminal);
    throw error;
  } finally {
    run?.model.dispose();
    await Promise.all([splits.train, splits.evaluation, splits.test].map((dataset) => dataset?.close()));
  }
  return EXIT.success;
}

async function learn(
  task: TrainTask,
  run: TaskRun,
  recipe: RunOptions,
  flags: TrainFlags,
  { signal, stdout }: Terminal,
  onEvent: (event: TrainerEvent) => void,
): Promise<TrainSummary> {
  // Not before everything else is known to be right.
  if (flags.overwrite) await clearOutput(flags.output);
  const log = await fileLog(join(flags.output, LOG));
  try {
    return await run.train({
      ...recipe,
      metric: flags.metric ?? run.metric,
      evaluate: run.evaluation,
      checkpoints: folderCheckpoints(join(flags.output, CHECKPOINTS)),
      checkpointEvery: flags.checkpointEvery,
      resume: flags.resume ?? false,
      fingerprint: { task, files: await fileSizes(flags.data), initEmbeddings: flags.initEmbeddings ?? null },
      log,
      signal,
      onEvent(event) {
        if (flags.json && event.type !== "evaluating") void stdout.write(`${JSON.stringify(event)}\n`);
        onEvent(event);
      },
    });
  } finally {
    await log.close();
  }
}

async function measure(
  run: TaskRun,
  model: PreTrainedModel,
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

async function tellHowToGoOn(output: string, terminal: Terminal): Promise<void> {
  const { location, list } = folderCheckpoints(join(output, CHECKPOINTS));
  const [newest] = (await list()).sort().reverse();
  if (newest === undefined) return;
  await terminal.stderr.write(`stopped; ${newest} is in ${location}\nTo go on, give the same command with --resume.\n`);
}

const LOG = "training-log.jsonl";
const CHECKPOINTS = "checkpoints";

/** A folder with another run is only written to when somebody has said so. */
async function checkOutput({ output, resume, overwrite }: TrainFlags): Promise<void> {
  if (overwrite) return;
  const state = await outputState(output, CHECKPOINTS);
  if (state === "running" && !resume) {
    throw new UsageError(
      `${output} has a run that is not finished; go on with --resume, or begin anew with --overwrite`,
    );
  }
  if (state === "finished") {
    throw new UsageError(`${output} has a model already; give another --output, or --overwrite`);
  }
}

async function clearOutput(output: string): Promise<void> {
  await rm(join(output, CHECKPOINTS), { recursive: true, force: true });
  await rm(join(output, LOG), { force: true });
}

async function openSplits<Task extends TrainTask>(
  task: Task,
  flags: TrainFlags,
  terminal: Terminal,
  line: ProgressLine,
): Promise<Splits<TaskExamples[Task]>> {
  const options = { signal: terminal.signal, onProgress: (text: string) => line.show(text) };
  const open = (files: readonly string[] | undefined) =>
    files === undefined ? undefined : openFilesOf(task, files, flags, options);
  const all = await openFilesOf(task, flags.data, flags, options);
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
  const { maxLength = Math.min(positions, task === "question-answering" ? 384 : 128) } = flags;
  if (maxLength > positions) throw new UsageError(`--max-length ${maxLength} is more than the model's ${positions}`);
  return maxLength;
}

/**
 * The authors' recipe for models that are fine-tuned (rate 1e-4 for base and 3e-4 for smaller ones, layer decay 0.8, 10% of
 * warm-up), and a higher rate for small ones from random weights.
 */
function recipeOf(flags: TrainFlags, isPretrained: boolean, hiddenSize: number): RunOptions {
  const pretrainedRate = hiddenSize >= 768 ? 1e-4 : 3e-4;
  const { epochs = isPretrained ? 3 : 8, lr = isPretrained ? pretrainedRate : 5e-4 } = flags;
  const { layerDecay = isPretrained ? 0.8 : 1, warmup = 0.1 } = flags;
  return {
    epochs,
    steps: flags.steps,
    ...(flags.tokenBudget === undefined ? { batchSize: flags.batchSize ?? 32 } : { tokenBudget: flags.tokenBudget }),
    gradientAccumulation: flags.accumulate ?? 1,
    learningRate: lr,
    schedule: flags.schedule ?? "linear",
    ...(warmup < 1 ? { warmupRatio: warmup } : { warmupSteps: warmup }),
    optimizer: flags.optimizer ?? "adamw",
    weightDecay: flags.weightDecay ?? 0.01,
    layerDecay,
    freeze: flags.freeze ?? [],
    maxGradientNorm: flags.maxGradientNorm ?? 1,
    ...(flags.labelSmoothing !== undefined && { labelSmoothing: flags.labelSmoothing }),
    gradientCheckpointing: flags.checkpointing ?? false,
    unpadded: flags.unpadded ?? false,
    seed: flags.seed ?? 0,
    evaluateEvery: flags.evaluateEvery,
    patience: flags.patience,
    keepBest: !flags.keepLast,
  };
}

function readable(scores: Readonly<Record<string, Readonly<Record<string, number>>>>, output: string): string {
  const lines = Object.entries(scores).map(([set, metrics]) => {
    const values = Object.entries(metrics).map(([name, value]) => `${name} ${shown(value)}`);
    return `${set}: ${values.join(", ")}\n`;
  });
  return `${lines.join("")}saved in ${output}\n`;
}
