import { basename, dirname } from "node:path";
import { type SearchHit, VectorIndex } from "@convbert/search";
import type { Command } from "commander";
import { type EncoderFlags, loadEncoder } from "../embed/encoder.js";
import { EXIT, UsageError } from "../errors.js";
import { type Line, readLines } from "../lines.js";
import { wholeNumber, withModelFlags } from "../model-options.js";
import { jsonLine, printable } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { lineGroups } from "../run/line-groups.js";
import { MODEL_FORM } from "../shipped-models.js";
import { folded, type Style, styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";

interface SearchFlags extends EncoderFlags {
  readonly top?: number;
  readonly int8?: boolean;
  readonly json?: boolean;
}

const HELP = `
The index is what convbert embed wrote into a .safetensors file, or any safetensors file with one table of vectors.

Examples:
  convbert search index.safetensors "Who looks after the garden?"
  convbert search index.safetensors --json < questions.txt`;

/** Lines that are asked together. */
const AT_ONCE = { most: 32, capacity: 20_000 };

/** Adds `convbert search`. */
export function addSearch(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("search")
    .description("find the texts that are most like others")
    .argument("<index>", "a .safetensors file of convbert embed")
    .argument("[queries...]", "what to look for; without any, lines of standard input")
    .option("--model <source>", `the encoder that the index was made with: ${MODEL_FORM}; sentence-encoder by default`)
    .option("--top <count>", "texts for each query; 5 by default", wholeNumber(1))
    .option("--int8", "keep the index in 8 bits: a quarter of the memory")
    .option("--json", "one line of JSON for each query");
  withModelFlags(command)
    .addHelpText("after", HELP)
    .action(async (index: string, queries: string[], flags: SearchFlags) => {
      finish(await run(index, queries, flags, terminal, program.opts()["color"]));
    });
}

async function run(
  path: string,
  queries: readonly string[],
  flags: SearchFlags,
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  if (queries.length === 0 && terminal.stdin.isTTY) {
    throw new UsageError("no query; give one as an argument, or lines on standard input");
  }
  const progress = new ProgressLine(terminal.stderr);
  const style = styleFor(terminal, color);
  using encode = await loadEncoder(flags, terminal, progress);
  progress.show("loading the index");
  using index = await VectorIndex.load(dirname(path), {
    name: basename(path),
    ...(flags.int8 && { dtype: "int8" as const }),
    ...(flags.backend && { backend: flags.backend }),
    ...(flags.threads !== undefined && { threads: flags.threads }),
  });
  if (index.size !== encode.size) {
    throw new UsageError(`${path} has vectors of ${index.size} numbers, the encoder gives ${encode.size}`);
  }
  let [asked, bad] = [0, 0];
  const searchFor = async (texts: readonly string[]): Promise<void> => {
    const vectors = await encode(texts, terminal.signal);
    const found = await index.searchAll(vectors, { k: flags.top ?? 5, signal: terminal.signal });
    await progress.clear();
    for (const [i, hits] of found.entries()) {
      const separator = asked++ > 0 && !flags.json ? "\n" : "";
      const text = flags.json ? jsonLine({ query: texts[i], hits }) : readable(texts[i]!, hits, style);
      await terminal.stdout.write(`${separator}${text}\n`);
    }
  };
  if (queries.some((query) => query.trim() === "")) throw new UsageError("a query is empty");
  if (queries.length > 0) await searchFor(queries);
  else {
    let number = 0;
    for await (const group of lineGroups<Line>(readLines(terminal.stdin), AT_ONCE)) {
      const texts: string[] = [];
      for (const { text, problem } of group) {
        number++;
        if (problem === undefined && text.trim() !== "") texts.push(text);
        if (problem === undefined) continue;
        bad++;
        await terminal.stderr.write(`convbert: line ${number}: ${printable(problem)}\n`);
      }
      if (texts.length > 0) await searchFor(texts);
    }
  }
  await progress.clear();
  return bad > 0 ? EXIT.unusable : EXIT.success;
}

function readable(query: string, hits: readonly SearchHit[], style: Style): string {
  const { bold, dim } = style.colors;
  const lines = hits.map(({ id, score, text }) => {
    const shown = folded(printable(text ?? `row ${id}`), style, "         ").trimStart();
    return `  ${dim(score.toFixed(3).padStart(6))} ${shown}`;
  });
  return [bold(folded(printable(query), style, "")), ...lines].join("\n");
}
