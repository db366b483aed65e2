/**
 * Compare tokenizers on real texts, side by side: ids checked first, then timed in turns, one thread each.
 * See README.md; usage: node tooling/bench/tokenizer/compare.ts --help
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { type Contender, contenderKinds, importOurs, readFiles, type TokenizerFiles } from "./contenders.ts";
import { readTexts, workloads } from "./texts.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const help = `node tooling/bench/tokenizer/compare.ts [options]   (Node 22.18 or newer; run setup.mjs once before)
  --workloads LIST     of ${Object.keys(workloads).join(", ")} (default: all)
  --contenders LIST    of ${Object.keys(contenderKinds).join(", ")}
                       (default: all, without rust where no Python is given)
  --python PATH        with tokenizers 0.14.1, for rust (default: $CONVBERT_PYTHON)
  --data DIR           with sst2/train.tsv and books/*.txt (default: ../shared/data beside the repository)
  --vocabulary FILE    a vocab.txt of a BERT model, may be gzipped (default: the one of the package's tests)
  --rounds N           timed runs of each (default: 7)
  --warmup N           untimed runs of each before (default: 2)
  --json               one JSON object on stdout instead of tables`;

class UsageError extends Error {}

function readOptions() {
  const { values } = parseArgs({
    options: {
      workloads: { type: "string", default: Object.keys(workloads).join(",") },
      contenders: { type: "string" },
      python: { type: "string", default: process.env["CONVBERT_PYTHON"] ?? "" },
      data: { type: "string", default: here("../../../../shared/data") },
      vocabulary: { type: "string", default: here("../../../packages/tokenizer/test/fixtures/vocab.txt.gz") },
      rounds: { type: "string", default: "7" },
      warmup: { type: "string", default: "2" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const all = Object.keys(contenderKinds).filter((name) => name !== "rust" || values.python);
  const list = (name: string, text: string, known: object): string[] => {
    const wrong = text.split(",").find((item) => !Object.hasOwn(known, item));
    if (wrong !== undefined) throw new UsageError(`${name}: no "${wrong}" among ${Object.keys(known).join(", ")}`);
    return text.split(",");
  };
  const integer = (name: string, text: string, least: number): number => {
    if (!/^\d+$/.test(text) || Number(text) < least)
      throw new UsageError(`${name}: "${text}" is no number from ${least}`);
    return Number(text);
  };
  const contenders = list("--contenders", values.contenders ?? all.join(","), contenderKinds);
  if (contenders.includes("rust") && !values.python) throw new UsageError("--contenders rust needs --python");
  return {
    ...values,
    contenders,
    workloads: list("--workloads", values.workloads, workloads),
    rounds: integer("--rounds", values.rounds, 1),
    warmup: integer("--warmup", values.warmup, 0),
  };
}

type Options = ReturnType<typeof readOptions>;

interface Measured {
  readonly workload: string;
  readonly contender: string;
  readonly texts: number;
  readonly tokens: number;
  readonly lowestMs: number;
  readonly medianMs: number;
  readonly timesMs: number[];
}

interface Constructed {
  readonly contender: string;
  readonly version: string;
  /** The first of a fresh process, median. */
  readonly firstMs: number;
  /** Later ones, when the code is warm. */
  readonly lowestMs: number;
  readonly medianMs: number;
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The vocabulary, and the `tokenizer.json` that the peers want, as our tokenizer writes it. */
async function writeTokenizer(vocabularyPath: string, folder: string): Promise<TokenizerFiles> {
  const bytes = readFileSync(vocabularyPath);
  const vocabulary = (vocabularyPath.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const { ConvBertTokenizerFast } = await importOurs();
  const files = await new ConvBertTokenizerFast(vocabulary).toFiles({ legacyFormat: false });
  for (const [name, text] of Object.entries({ ...files, "vocab.txt": vocabulary })) {
    writeFileSync(join(folder, name), text);
  }
  return readFiles(folder);
}

/** Times of making a tokenizer: the first one of fresh processes, and others in this one. */
async function timeConstruction(contender: Contender, folder: string, rounds: number): Promise<Constructed> {
  const { name, version } = contender;
  const cold: number[] = [];
  const warm: number[] = [];
  for (let i = 0; i < rounds; i++) {
    if (name !== "rust") cold.push(Number(execFileSync(process.execPath, [here("./cold.ts"), name, folder])));
    warm.push(await contender.construct());
  }
  const first = cold.length > 0 ? cold : warm;
  return { contender: name, version, firstMs: median(first), lowestMs: Math.min(...warm), medianMs: median(warm) };
}

/** @throws Error where two contenders give other ids. @returns the number of tokens. */
async function checkIds(contenders: readonly Contender[], workload: string, texts: readonly string[]): Promise<number> {
  const [first, ...others] = contenders;
  const expected = await first!.prepare(texts);
  for (const other of others) {
    const rows = await other.prepare(texts);
    const at = texts.findIndex((_, i) => {
      const [a, b] = [expected[i]!, rows[i]];
      return a.length !== b?.length || Array.prototype.some.call(a, (id, k) => id !== b[k]);
    });
    if (at < 0) continue;
    throw new Error(
      `${workload}: ${other.name} and ${first!.name} give other ids for ${JSON.stringify(texts[at])}:\n` +
        `  ${Array.from(rows[at] ?? [])}\n  ${Array.from(expected[at]!)}`,
    );
  }
  return expected.reduce((sum, { length }) => sum + length, 0);
}

async function compare(options: Options, folder: string) {
  const files = await writeTokenizer(options.vocabulary, folder);
  const contenders: Contender[] = [];
  const results: Measured[] = [];
  const constructed: Constructed[] = [];
  try {
    for (const name of options.contenders) {
      const contender = await contenderKinds[name]!(files, options);
      contenders.push(contender);
      constructed.push(await timeConstruction(contender, folder, options.rounds));
    }
    for (const workload of options.workloads) {
      const texts = readTexts(workload, options.data);
      console.error(`checking the ids of ${texts.length} texts of ${workload}`);
      const tokens = await checkIds(contenders, workload, texts);
      const times: number[][] = contenders.map(() => []);
      for (let round = -options.warmup; round < options.rounds; round++) {
        for (const [i, contender] of contenders.entries()) {
          const ms = await contender.run();
          if (round >= 0) times[i]!.push(ms);
        }
      }
      contenders.forEach(({ name }, i) => {
        const timesMs = times[i]!;
        const lowestMs = Math.min(...timesMs);
        const size = { texts: texts.length, tokens };
        results.push({ workload, contender: name, ...size, lowestMs, medianMs: median(timesMs), timesMs });
      });
    }
  } finally {
    for (const contender of contenders) contender.stop();
  }
  return { constructed, results };
}

function printTable(rows: readonly (readonly (string | number)[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const [i, row] of rows.entries()) {
    console.log(`| ${row.map((cell, column) => String(cell).padEnd(widths[column]!)).join(" | ")} |`);
    if (i === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  }
}

function printReport(machine: object, { constructed, results }: Awaited<ReturnType<typeof compare>>): void {
  for (const [key, value] of Object.entries(machine)) console.log(`${key}: ${value}`);
  console.log("\nconstruction from the vocabulary in memory, first text included");
  printTable([
    ["contender", "version", "first of a process, ms", "lowest ms", "median ms"],
    ...constructed.map((c) => [
      c.contender,
      c.version,
      c.firstMs.toFixed(1),
      c.lowestMs.toFixed(1),
      c.medianMs.toFixed(1),
    ]),
  ]);
  for (const rows of Object.values(Object.groupBy(results, (result) => result.workload))) {
    const { workload, texts, tokens, contender, lowestMs } = rows![0]!;
    console.log(`\n${workload}: ${texts} texts, ${tokens} tokens, the same ids from all; ratios are of lowest times`);
    const rate = (ms: number): string => (tokens / ms / 1000).toFixed(2);
    printTable([
      ["contender", "lowest ms", "median ms", "million tokens/s", "at the median", `it / ${contender}`],
      ...rows!.map((r) => [
        r.contender,
        r.lowestMs.toFixed(1),
        r.medianMs.toFixed(1),
        rate(r.lowestMs),
        rate(r.medianMs),
        (r.lowestMs / lowestMs).toFixed(2),
      ]),
    ]);
  }
}

const folder = mkdtempSync(join(tmpdir(), "convbert-tokenizers-"));
try {
  const options = readOptions();
  if (options.help) {
    console.log(help);
  } else {
    const machine = {
      cpu: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} usable core(s)`,
      system: `${platform()} ${release()} ${arch()}`,
      node: `${process.version}, V8 ${process.versions.v8}`,
      "load average before": loadavg()
        .map((load) => load.toFixed(2))
        .join(" "),
      rounds: options.rounds,
    };
    const report = await compare(options, folder);
    if (options.json) console.log(JSON.stringify({ machine, ...report }));
    else printReport(machine, report);
  }
} catch (error) {
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = usage ? 2 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
