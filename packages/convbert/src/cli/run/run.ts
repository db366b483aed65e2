import { readFile } from "node:fs/promises";
import { PIPELINE_ALIASES, PIPELINE_TASKS, PipelineError, type PipelineTask, pipeline } from "@convbert/pipelines";
import { TokenizerError } from "@convbert/tokenizer";
import { type Command, Option } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { EXIT, oneLine, UsageError } from "../errors.js";
import { type Line, readLines } from "../lines.js";
import { loadingOptions, names, warn, wholeNumber, withModelFlags } from "../model-options.js";
import { jsonLine } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { defaultModel, MODEL_FORM, modelSource } from "../shipped-models.js";
import { styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";
import { lineGroups } from "./line-groups.js";
import { type InputReader, inputReader, type TaskInput } from "./task-inputs.js";
import { type RunFlags, TASK_FLAGS, type TaskAnswer, taskRunner } from "./task-runners.js";

const EXAMPLES = `
Input: texts as arguments, or one a line on standard input.
  text-classification, token-classification, fill-mask, feature-extraction, zero-shot-classification
                       a text
  text-classification --pair
                       two texts: TEXT TEXT, or text<TAB>text a line
  question-answering   QUESTION CONTEXT, or question<TAB>context a line; with --context or --context-file
                       every text is a question
  sentence-similarity  SENTENCE OTHER OTHER..., or sentence<TAB>other<TAB>other... a line
  multiple-choice      PROMPT CHOICE CHOICE..., or prompt<TAB>choice<TAB>choice... a line
With --jsonl every line is JSON: "text", {"text", "text_pair"}, {"question", "context"}, {"prompt", "choices"}, and with
--words ["word", ...] or {"tokens"}.

With --json every input gives one line with what the pipeline returns, or {"error": "..."}.

Examples:
  convbert run text-classification "Who wrote the opera Carmen?"
  convbert run token-classification --json < sentences.txt
  convbert run question-answering --model DIR --context-file page.txt "When was it built?"
  convbert run zero-shot-classification --model DIR --labels music,sport,food "a fine goal"`;

/** Adds `convbert run`. */
export function addRun(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("run")
    .description("run a model on texts")
    .argument("<task>", `one of ${PIPELINE_TASKS.join(", ")}; or ${Object.keys(PIPELINE_ALIASES).join(", ")}`)
    .argument("[texts...]", "texts to run on; without any, lines of standard input")
    .option("--model <source>", MODEL_FORM)
    .option("--allow-new-head", "run with a head that the model lacks, with random weights")
    .option("--json", "one line of JSON for each input")
    .option("--jsonl", "lines of standard input are JSON")
    .option("--truncate", "cut texts that are longer than the model takes")
    .option("--top-k <count>", 'how many results, or "all"', (value) =>
      value === "all" ? value : wholeNumber(1)(value),
    )
    .option("--pair", "texts come in pairs (text-classification)")
    .option("--words", "texts are words that stay whole, parted by white space, or lists with --jsonl")
    .addOption(
      new Option("--function <name>", "what makes scores of logits (text-classification)").choices([
        "softmax",
        "sigmoid",
        "none",
      ]),
    )
    .addOption(
      new Option(
        "--aggregation <strategy>",
        'how tokens are joined (token-classification); "first" by default',
      ).choices(["none", "simple", "first", "average", "max"]),
    )
    .option("--ignore-labels <list>", "labels to leave out, O by default (token-classification)", names)
    .option(
      "--stride <tokens>",
      "overlap of the windows that long texts are read in (token-classification, question-answering)",
      wholeNumber(0),
    )
    .option("--context <text>", "what the questions are about (question-answering)")
    .option("--context-file <file>", "the same, from a file")
    .option("--max-answer-length <tokens>", "longest answer (question-answering)", wholeNumber(1))
    .option("--max-length <tokens>", "length of a window (question-answering)", wholeNumber(1))
    .option("--impossible", 'let "no answer" compete (question-answering)')
    .option("--targets <list>", "only these words compete (fill-mask)", names)
    .option("--whole-targets", "score targets of several pieces as a whole (fill-mask)")
    .option("--joint", "fill the masks of a text together (fill-mask)")
    .addOption(
      new Option("--pooling <kind>", "one vector a text (feature-extraction)").choices(["none", "mean", "cls", "max"]),
    )
    .option("--normalize", "vectors of length 1 (feature-extraction)")
    .option("--labels <list>", "the labels to choose from (zero-shot-classification)", names)
    .option("--template <text>", "the sentence that a label makes, with {} for it (zero-shot-classification)")
    .option("--multi-label", "judge every label alone (zero-shot-classification)");
  withModelFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (task: string, texts: string[], flags: RunFlags) => {
      finish(await run(checkTask(task), texts, flags, terminal, program.opts()["color"]));
    });
}

function checkTask(task: string): PipelineTask {
  if ((PIPELINE_TASKS as readonly string[]).includes(task)) return task as PipelineTask;
  if (Object.hasOwn(PIPELINE_ALIASES, task)) return PIPELINE_ALIASES[task as keyof typeof PIPELINE_ALIASES];
  const meant = closest(task.toLowerCase().replaceAll("_", "-"), [...PIPELINE_TASKS, ...Object.keys(PIPELINE_ALIASES)]);
  const isNear = distance(task, meant) <= Math.floor(meant.length / 3);
  throw new UsageError(
    `there is no task "${task}"; ${isNear ? `did you mean ${meant}? Choose` : "choose"} one of ${PIPELINE_TASKS.join(", ")}`,
  );
}

async function run(
  task: PipelineTask,
  texts: readonly string[],
  given: RunFlags,
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  const flags = await checkFlags(task, given);
  const source = flags.model === undefined ? defaultModel(task) : modelSource(flags.model);
  const reader = inputReader(task, flags);
  // Before the model is loaded, so that a mistake shows at once.
  const listed = texts.length > 0 ? reader.fromArguments(texts) : [];
  if (texts.length === 0 && terminal.stdin.isTTY) {
    throw new UsageError(`no input; give ${reader.form} as an argument, or lines of it on standard input`);
  }
  const progress = new ProgressLine(terminal.stderr);
  const style = styleFor(terminal, color);
  const call = {
    signal: terminal.signal,
    onWarning: (message: string) => void warn(message, terminal, progress),
  };
  progress.show("loading the model");
  using loaded = await pipeline(task, source, {
    ...loadingOptions(flags, terminal, progress),
    ...(flags.allowNewHead && { allowNewHead: true }),
  });
  const runTask = taskRunner(task, loaded, flags);

  let count = 0;
  let told = 0;
  const tell = async ({ json, readable }: TaskAnswer): Promise<void> => {
    await progress.clear();
    const separator = told > 0 ? "\n" : "";
    await terminal.stdout.write(flags.json ? `${jsonLine(json)}\n` : `${separator}${readable(style)}\n`);
    told++;
  };
  const tellError = async (error: unknown, location: string): Promise<void> => {
    await progress.clear();
    const text = inputError(error);
    if (flags.json) await terminal.stdout.write(`${jsonLine({ error: text })}\n`);
    await terminal.stderr.write(`convbert: ${location}: ${text}\n`);
  };
  const runAll = async (asked: readonly Asked[]): Promise<void> => {
    count += asked.length;
    progress.show(asked[0]!.location);
    try {
      const inputs = asked.map(({ read }) => read());
      for (const given of await runTask(inputs, call)) await tell(given);
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      if (asked.length === 1) return tellError(error, asked[0]!.location);
      // One of them is to blame; the others have their results all the same.
      count -= asked.length;
      for (const one of asked) await runAll([one]);
    }
  };
  if (texts.length > 0) {
    for (const [i, input] of listed.entries()) {
      await runAll([{ read: () => notEmpty(input), location: `text ${i + 1}` }]);
    }
  } else {
    let number = 0;
    for await (const lines of lineGroups(readLines(terminal.stdin), AT_ONCE)) {
      const asked = lines.map((line) => ({ line, location: `line ${++number}`, read: () => readLine(line, reader) }));
      // People part paragraphs by empty lines; machines count on a result for every line.
      const meant = asked.filter(({ line }) => !isEmpty(line) || flags.json);
      if (meant.length > 0) await runAll(meant);
    }
    await progress.clear();
    if (count === 0) await terminal.stderr.write("convbert: nothing on standard input\n");
  }
  return told < count ? EXIT.unusable : EXIT.success;
}

/** An input, and where it stands. */
interface Asked {
  readonly location: string;
  /** Throws UsageError for what is not of the task's form. */
  readonly read: () => TaskInput;
}

function isEmpty({ text, problem }: Line): boolean {
  return problem === undefined && text.trim() === "";
}

/** @throws UsageError for a line that is empty, no UTF-8, or not of the task's form. */
function readLine(line: Line, reader: InputReader): TaskInput {
  if (line.problem !== undefined) throw new UsageError(line.problem);
  if (isEmpty(line)) throw new UsageError("the line is empty");
  return reader.fromLine(line.text);
}

function notEmpty(input: TaskInput): TaskInput {
  if ((typeof input === "string" && input.trim() === "") || (Array.isArray(input) && input.length === 0))
    throw new UsageError("the text is empty");
  return input;
}

/** What is wrong with an input; the library's options are flags here. */
function inputError(error: unknown): string {
  const text = oneLine(error);
  const isTooLong = error instanceof PipelineError && error.code === "too-long";
  return isTooLong ? text.replace(/set truncation( or (?:a stride|max_question_len))?/, "give --truncate") : text;
}

/** Lines that are run together: as many as keep a small model busy, and no more than a few long texts. */
const AT_ONCE = { most: 64, capacity: 20_000 };

/** Errors that one input causes; the others go on. */
function isAboutInput(error: unknown): boolean {
  return (
    error instanceof UsageError ||
    error instanceof TokenizerError ||
    (error instanceof PipelineError && error.code !== "invalid-option" && error.code !== "wrong-model")
  );
}

async function checkFlags(task: PipelineTask, flags: RunFlags): Promise<RunFlags> {
  for (const [name, tasks] of Object.entries(TASK_FLAGS)) {
    if (flags[name as keyof RunFlags] !== undefined && !tasks.includes(task)) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      throw new UsageError(`${flag} is for ${tasks.join(", ")}, not for ${task}`);
    }
  }
  if (flags.words && flags.pair) throw new UsageError("give --words or --pair, not both");
  if (flags.topK === "all" && task !== "text-classification") {
    throw new UsageError(`--top-k all is for text-classification; give ${task} a number`);
  }
  if (flags.template !== undefined && flags.template.split("{}").length !== 2) {
    throw new UsageError('--template needs {} once, where the label goes, as --template "This is about {}."');
  }
  if (task === "zero-shot-classification" && !flags.labels?.length) {
    throw new UsageError("zero-shot-classification needs --labels, as --labels music,sport,food");
  }
  if (flags.contextFile === undefined) return flags;
  if (flags.context !== undefined) throw new UsageError("give --context or --context-file, not both");
  return { ...flags, context: await readContext(flags.contextFile) };
}

/** @throws UsageError for a file that cannot be read, or is no UTF-8. */
async function readContext(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new UsageError(`cannot read --context-file ${file}: ${why}`);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(
      `--context-file ${file} is not UTF-8 text; convert it first, as with iconv -f cp1252 -t utf-8`,
    );
  }
}
