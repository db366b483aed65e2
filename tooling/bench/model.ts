/**
 * Compare engines on one ConvBERT forward pass, side by side: every contender in its own process, outputs checked
 * against the recorded ones, then timed in turns. See README.md; usage: node tooling/bench/model.ts --help
 */
import { arch, availableParallelism, cpus, loadavg, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Case, largestDifference, readCase } from "./cases.ts";
import { Contender, contenderKinds } from "./contender.ts";

const help = `node tooling/bench/model.ts [options]            (Node 22.18 or newer; run setup.mjs once before)
  --model DIR          made by setup.mjs (default: ${join(tmpdir(), "convbert-bench", "base")})
  --workloads LIST     of the recorded BATCHxLENGTH: 1x16,1x128,8x128,1x512 (default: 1x128)
  --threads LIST       thread counts, each measured on its own (default: 1)
  --contenders LIST    of ${Object.keys(contenderKinds).join(", ")}
                       (default: ours,ort-web,ort-node)
  --rounds N           timed runs of each (default: 10)
  --warmup N           untimed runs of each before (default: 3)
  --pause MS           rest before each run, so that another's spinning threads are asleep (default: 30)
  --python PATH        for pytorch (default: $CONVBERT_PYTHON, else python3)
  --node-flags FLAGS   for the contenders that run in Node, such as "--experimental-wasm-revectorize"
  --json               one JSON object on stdout instead of tables`;

interface Loaded {
  readonly contender: string;
  readonly threads: number;
  readonly version: string;
  readonly loadMs: number;
  /** Peak resident memory of the process after loading, and after all workloads. */
  readonly loadPeakBytes: number;
  peakBytes: number;
}

interface Measured {
  readonly workload: string;
  readonly threads: number;
  readonly contender: string;
  readonly difference: number;
  readonly lowestMs: number;
  readonly medianMs: number;
  readonly timesMs: number[];
}

class UsageError extends Error {}

function readOptions() {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: join(tmpdir(), "convbert-bench", "base") },
      workloads: { type: "string", default: "1x128" },
      threads: { type: "string", default: "1" },
      contenders: { type: "string", default: "ours,ort-web,ort-node" },
      rounds: { type: "string", default: "10" },
      warmup: { type: "string", default: "3" },
      pause: { type: "string", default: "30" },
      python: { type: "string", default: process.env["CONVBERT_PYTHON"] ?? "python3" },
      "node-flags": { type: "string", default: "" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const integer = (name: string, text: string, least: number) => {
    if (!/^\d+$/.test(text) || Number(text) < least)
      throw new UsageError(`${name}: "${text}" is no number from ${least}`);
    return Number(text);
  };
  const contenders = values.contenders.split(",");
  for (const name of contenders) {
    if (!Object.hasOwn(contenderKinds, name)) {
      throw new UsageError(`--contenders: no "${name}" among ${Object.keys(contenderKinds).join(", ")}`);
    }
  }
  return {
    ...values,
    contenders,
    workloads: values.workloads.split(","),
    threads: values.threads.split(",").map((text) => integer("--threads", text, 1)),
    rounds: integer("--rounds", values.rounds, 1),
    warmup: integer("--warmup", values.warmup, 0),
    pause: integer("--pause", values.pause, 0),
    nodeFlags: values["node-flags"].split(" ").filter(Boolean),
  };
}

type Options = ReturnType<typeof readOptions>;

/** Check one workload in every contender, then time them in turns. */
async function measure(
  contenders: Contender[],
  loaded: Loaded[],
  workload: string,
  { inputs, expected }: Case,
  threads: number,
  options: Options,
) {
  const differences: number[] = [];
  for (const contender of contenders) {
    const difference = largestDifference(await contender.prepare(inputs), expected);
    if (!(difference <= contender.kind.tolerance)) {
      throw new Error(
        `${contender.name}: its output for ${workload} differs from the reference: ` +
          `largest difference ${difference} of the largest value, allowed ${contender.kind.tolerance}`,
      );
    }
    differences.push(difference);
  }
  const times: number[][] = contenders.map(() => []);
  for (let round = -options.warmup; round < options.rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      await sleep(options.pause);
      const { ms, peakBytes } = await contender.run();
      loaded[i]!.peakBytes = peakBytes;
      if (round >= 0) times[i]!.push(ms);
    }
  }
  return contenders.map(({ name }, i): Measured => {
    const sorted = times[i]!.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    const medianMs = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
    return {
      workload,
      threads,
      contender: name,
      difference: differences[i]!,
      lowestMs: sorted[0]!,
      medianMs,
      timesMs: times[i]!,
    };
  });
}

async function compare(options: Options) {
  const cases = options.workloads.map((workload) => [workload, readCase(options.model, workload)] as const);
  const loads: Loaded[] = [];
  const results: Measured[] = [];
  for (const threads of options.threads) {
    const contenders = options.contenders.map((name) => new Contender(name, contenderKinds[name]!, options));
    try {
      const loaded: Loaded[] = [];
      for (const contender of contenders) {
        console.error(`loading ${contender.name}, ${threads} thread(s)`);
        const { version, loadMs, peakBytes } = await contender.load(options.model, threads);
        loaded.push({ contender: contender.name, threads, version, loadMs, loadPeakBytes: peakBytes, peakBytes });
      }
      for (const [workload, recorded] of cases) {
        console.error(`measuring ${workload}, ${threads} thread(s)`);
        results.push(...(await measure(contenders, loaded, workload, recorded, threads, options)));
      }
      loads.push(...loaded);
    } finally {
      for (const contender of contenders) contender.stop();
    }
  }
  return { loads, results };
}

function printTable(rows: (string | number)[][]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const [i, row] of rows.entries()) {
    console.log(`| ${row.map((cell, column) => String(cell).padEnd(widths[column]!)).join(" | ")} |`);
    if (i === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
}

function printReport(machine: Record<string, unknown>, { loads, results }: Awaited<ReturnType<typeof compare>>): void {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  for (const [key, value] of Object.entries(machine)) console.log(`${key}: ${value}`);
  console.log();
  printTable([
    ["contender", "version", "threads", "load ms", "peak MB after load", "peak MB at the end"],
    ...loads.map((l) => [
      l.contender,
      l.version,
      l.threads,
      l.loadMs.toFixed(0),
      megabytes(l.loadPeakBytes),
      megabytes(l.peakBytes),
    ]),
  ]);
  for (const group of Object.values(Object.groupBy(results, (r) => `${r.workload}, ${r.threads} thread(s)`))) {
    const rows = group!;
    const ours = rows.filter((r) => r.contender.startsWith("ours"));
    const bases = ours.length > 0 ? ours : [rows[0]!];
    console.log(`\n${rows[0]!.workload} tokens, ${rows[0]!.threads} thread(s); ratios are of lowest times`);
    printTable([
      ["contender", "lowest ms", "median ms", "difference", ...bases.map((base) => `${base.contender} / it`)],
      ...rows.map((r) => [
        r.contender,
        r.lowestMs.toFixed(1),
        r.medianMs.toFixed(1),
        r.difference.toExponential(1),
        ...bases.map((base) => (base.lowestMs / r.lowestMs).toFixed(2)),
      ]),
    ]);
  }
}

try {
  const options = readOptions();
  if (options.help) {
    console.log(help);
  } else {
    const machine = {
      cpu: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} usable core(s)`,
      system: `${platform()} ${release()} ${arch()}`,
      node: `${process.version}, V8 ${process.versions.v8} ${options["node-flags"]}`.trim(),
      "load average before": loadavg()
        .map((load) => load.toFixed(2))
        .join(" "),
      model: options.model,
      rounds: options.rounds,
    };
    const report = await compare(options);
    if (options.json) console.log(JSON.stringify({ machine, ...report }));
    else printReport(machine, report);
  }
} catch (error) {
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = usage ? 2 : 1;
}
