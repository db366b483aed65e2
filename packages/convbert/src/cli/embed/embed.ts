import { createReadStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { EXIT, UsageError } from "../errors.js";
import { type Line, readLines } from "../lines.js";
import { withModelFlags } from "../model-options.js";
import { printable } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { lineGroups } from "../run/line-groups.js";
import { MODEL_FORM } from "../shipped-models.js";
import type { Terminal } from "../terminal.js";
import { type EncoderFlags, loadEncoder } from "./encoder.js";
import { jsonLinesOutput, streamOutput, TextsHash, tableOutput, type VectorOutput } from "./outputs.js";

interface EmbedFlags extends EncoderFlags {
  readonly output?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

const HELP = `
A text is a line; empty lines are passed over. Vectors have length 1 where the encoder says so, and where it says nothing.

Without --output each text gives a line {"text", "vector"} on standard output; with a name that ends in .jsonl the same goes
into a file. A name that ends in .safetensors gets a table "vectors" with the "texts" beside it, which convbert search and
convbert train --teacher take. The same command with --resume goes on where it was interrupted.

Examples:
  convbert embed sentences.txt --output index.safetensors
  convbert embed --model DIR < sentences.txt > vectors.jsonl`;

/** Lines that are encoded together. */
const AT_ONCE = { most: 256, capacity: 40_000 };

/** Adds `convbert embed`. */
export function addEmbed(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("embed")
    .description("turn lines of text into vectors")
    .argument("[file]", "texts, one a line; standard input by default")
    .option("--model <source>", `the encoder: ${MODEL_FORM}; sentence-encoder by default`)
    .option("--output <file>", ".safetensors or .jsonl; lines on standard output by default")
    .option("--resume", "go on with an interrupted run")
    .option("--overwrite", "replace the output");
  withModelFlags(command)
    .addHelpText("after", HELP)
    .action(async (file: string | undefined, flags: EmbedFlags) => {
      finish(await run(file, flags, terminal));
    });
}

async function run(file: string | undefined, flags: EmbedFlags, terminal: Terminal): Promise<number> {
  await checkFlags(file, flags, terminal);
  const progress = new ProgressLine(terminal.stderr);
  using encode = await loadEncoder(flags, terminal, progress);
  const output = await openOutput(flags, encode.size, terminal);
  try {
    const hash = new TextsHash();
    let [count, number, bad] = [0, 0, 0];
    const lines = file === undefined ? readLines(terminal.stdin) : readLines(createReadStream(file), file);
    for await (const group of lineGroups<Line>(lines, AT_ONCE)) {
      const texts: string[] = [];
      for (const { text, problem } of group) {
        number++;
        if (problem !== undefined) {
          bad++;
          await progress.clear();
          await terminal.stderr.write(`convbert: line ${number}: ${printable(problem)}\n`);
        } else if (text.trim() !== "") {
          // What an interrupted run has done already has to be the same.
          if (count++ >= output.done) texts.push(text);
          else hash.add(text);
          if (count === output.done && hash.digest() !== output.hash) throw otherTexts(flags);
        }
      }
      if (texts.length > 0) await output.append(texts, await encode(texts, terminal.signal));
      progress.show(`${count} texts`);
    }
    await progress.clear();
    if (count < output.done) throw otherTexts(flags);
    if (count === 0) await terminal.stderr.write("convbert: there are no texts\n");
    await output.finish();
    if (flags.output !== undefined)
      await terminal.stderr.write(`${count} vectors of ${encode.size} in ${flags.output}\n`);
    return bad > 0 || count === 0 ? EXIT.unusable : EXIT.success;
  } catch (error) {
    await progress.clear();
    if (terminal.signal.aborted && flags.output !== undefined) {
      await terminal.stderr.write("To go on, give the same command with --resume.\n");
    }
    throw error;
  } finally {
    await output.close();
  }
}

function otherTexts({ output }: EmbedFlags): UsageError {
  return new UsageError(`${output} was begun with other texts; begin anew with --overwrite`);
}

async function checkFlags(file: string | undefined, flags: EmbedFlags, { stdin }: Terminal): Promise<void> {
  const { output, resume, overwrite } = flags;
  if (resume && overwrite) throw new UsageError("give --resume or --overwrite, not both");
  if (output === undefined && (resume || overwrite)) throw new UsageError("--resume and --overwrite need --output");
  if (output !== undefined && !/\.(jsonl|safetensors)$/.test(output)) {
    throw new UsageError(`--output ${output}: a name that ends in .jsonl or .safetensors says what is written`);
  }
  if (file === undefined && stdin.isTTY) throw new UsageError("no texts; name a file, or give lines on standard input");
  if (file !== undefined && !(await exists(file))) throw new UsageError(`there is no file ${file}`);
  if (output === undefined || overwrite) return;
  if ((await exists(output)) && !(resume && output.endsWith(".jsonl"))) {
    throw new UsageError(`${output} is there already; give another --output, or --overwrite`);
  }
  if (!resume && (await exists(`${output}.partial`))) {
    throw new UsageError(`${output} was begun and not finished; go on with --resume, or begin anew with --overwrite`);
  }
}

async function openOutput(flags: EmbedFlags, size: number, { stdout }: Terminal): Promise<VectorOutput> {
  const { output, overwrite } = flags;
  if (output === undefined) return streamOutput(stdout);
  await mkdir(dirname(output), { recursive: true });
  const isLines = output.endsWith(".jsonl");
  if (overwrite) {
    await rm(`${output}.partial`, { recursive: true, force: true });
    // A table takes the old one's place when it is whole.
    if (isLines) await rm(output, { force: true });
  }
  return isLines ? jsonLinesOutput(output, size) : tableOutput(output, size);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
