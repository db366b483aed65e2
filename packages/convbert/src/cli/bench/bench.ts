import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { EXIT, UsageError } from "../errors.js";
import { loadingOptions, type ModelFlags, names, wholeNumber, withWideVectors } from "../model-options.js";
import { jsonLine } from "../printable.js";
import { ProgressLine } from "../progress.js";
import { defaultModel, MODEL_FORM, modelSource } from "../shipped-models.js";
import { styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";
import { DTYPES, describeMachine, type Measurement, measure, type Setting, type Workload } from "./measure.js";
import { type BenchReport, reportForPeople } from "./report.js";

interface BenchFlags extends Omit<ModelFlags, "threads" | "dtype"> {
  readonly lengths?: readonly number[];
  readonly batch?: readonly number[];
  readonly threads?: readonly number[];
  readonly dtype?: readonly Setting["dtype"][];
  readonly rounds?: number;
  readonly isolate: boolean;
  readonly json?: boolean;
}

const HELP = `
Measures float32 and int8 weights on one thread and on all cores: 1 text of 16 tokens, 1 of 128, 8 of 128. Every setting
has a process of its own, so that its peak memory is its own. Without a model: question-classification. The
first load of a model that is not on this disk includes its download.`;

/** Adds `convbert bench`. */
export function addBench(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("bench")
    .description("measure speed and memory on this machine")
    .argument("[model]", MODEL_FORM)
    .option("--lengths <list>", "tokens of a text, as 16,128", wholeNumbers)
    .option("--batch <list>", "texts that run together, as 1,8", wholeNumbers)
    .option("--threads <list>", "threads to compute with, as 1,2; one, and all cores, by default", wholeNumbers)
    .option("--dtype <list>", `how weights are kept, of ${DTYPES.join(", ")}; both by default`, dtypes)
    .option("--rounds <count>", "timed runs of each; by default as many as fit in a moment", wholeNumber(1))
    .addOption(new Option("--backend <name>", "what computes").choices(["wasm", "reference"]));
  withWideVectors(command)
    .option("--revision <name>", "branch, tag or commit of a hub model")
    .option("--cache-dir <folder>", "where downloads are kept")
    .option("--offline", "never touch the network")
    .option("--no-isolate", "measure everything in this process: peak memory then includes what ran before")
    .option("--json", "one JSON object, every single time included")
    .addHelpText("after", HELP)
    .action(async (model: string | undefined, flags: BenchFlags) => {
      finish(await bench(model, flags, terminal, program.opts()["color"]));
    });
}

async function bench(
  model: string | undefined,
  flags: BenchFlags,
  terminal: Terminal,
  color: boolean,
): Promise<number> {
  const { threads = [...new Set([1, availableParallelism()])], dtype: types = DTYPES } = flags;
  const settings = types.flatMap((dtype) => threads.map((count): Setting => ({ dtype, threads: count })));
  const machine = describeMachine();
  const reports: Pick<BenchReport, "model" | "measurements">[] = [];
  if (flags.isolate && settings.length > 1 && terminal.runAgain) {
    for (const setting of settings) {
      const { code, stdout } = await terminal.runAgain(argumentsFor(setting, model, flags));
      if (code !== EXIT.success) return code; // It said why.
      reports.push(JSON.parse(stdout));
    }
  } else {
    reports.push(await measureHere(settings, model, flags, terminal));
  }
  const [first] = reports;
  const report: BenchReport = {
    machine,
    model: first!.model,
    measurements: reports.flatMap(({ measurements }) => measurements),
  };
  const text = flags.json ? jsonLine(report) : reportForPeople(report, styleFor(terminal, color));
  await terminal.stdout.write(`${text}\n`);
  return EXIT.success;
}

async function measureHere(
  settings: readonly Setting[],
  model: string | undefined,
  flags: BenchFlags,
  terminal: Terminal,
): Promise<Pick<BenchReport, "model" | "measurements">> {
  const progress = new ProgressLine(terminal.stderr);
  const { threads: _, dtype: __, ...others } = flags;
  const options = {
    source: model === undefined ? defaultModel("text-classification") : modelSource(model),
    // A head that is newly made computes as fast as a trained one.
    loading: { ...loadingOptions(others, terminal, progress), onWarning: () => {} },
    workloads: workloadsOf(flags),
    rounds: flags.rounds,
    signal: terminal.signal,
    onProgress: (text: string) => progress.show(text),
  };
  const measurements: Measurement[] = [];
  let measured: BenchReport["model"] | undefined;
  for (const setting of settings) {
    const result = await measure(setting, options);
    measured ??= { location: model ?? "question-classification", ...result.model };
    measurements.push(result.measurement);
  }
  await progress.clear();
  return { model: measured!, measurements };
}

/** Without lengths and batches: a short text, a long one, and a batch. */
function workloadsOf({ lengths, batch }: BenchFlags): Workload[] {
  if (lengths === undefined && batch === undefined) {
    return [
      { batch: 1, length: 16 },
      { batch: 1, length: 128 },
      { batch: 8, length: 128 },
    ];
  }
  return (batch ?? [1]).flatMap((texts) => (lengths ?? [128]).map((length) => ({ batch: texts, length })));
}

/** The arguments with which this command measures one setting only. */
function argumentsFor({ dtype, threads }: Setting, model: string | undefined, flags: BenchFlags): string[] {
  const { lengths, batch, rounds, backend, revision, cacheDir, offline, wideVectors } = flags;
  const named = { lengths, batch, rounds, backend, revision, "cache-dir": cacheDir };
  return [
    "bench",
    "--json",
    `--dtype=${dtype}`,
    `--threads=${threads}`,
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(offline ? ["--offline"] : []),
    ...(wideVectors === undefined ? [] : [`--${wideVectors ? "" : "no-"}wide-vectors`]),
    ...(model === undefined ? [] : ["--", model]),
  ];
}

function wholeNumbers(value: string): number[] {
  const numbers = names(value).map(wholeNumber(1));
  if (numbers.length === 0) throw new InvalidArgumentError("Give whole numbers, parted by commas.");
  return [...new Set(numbers)];
}

function dtypes(value: string): Setting["dtype"][] {
  const given = names(value);
  const types = DTYPES.filter((name) => given.includes(name));
  const foreign = given.find((name) => !(DTYPES as readonly string[]).includes(name));
  if (foreign !== undefined || types.length === 0) {
    throw new UsageError(`--dtype: "${foreign ?? value}" is none of ${DTYPES.join(", ")}`);
  }
  return types;
}
