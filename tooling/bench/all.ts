/**
 * Everything that the README's tables say, in one go: every model, workload, number of threads and peer, and what became
 * of the aims. See README.md; usage: node tooling/bench/all.ts --help
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultData, measureAccuracy } from "./accuracy.ts";
import { evaluateBars, GRAPHS } from "./bars.ts";
import { SENTENCES } from "./cases.ts";
import { compare, describeLoad, describeMachine } from "./measure.ts";
import { type Report, reportText } from "./report.ts";

const results = join(tmpdir(), "convbert-bench", "results.json");
const help = `node tooling/bench/all.ts [options]              (Node 22.18 or newer; run setup.mjs once before)
  --models DIR       made by setup.mjs (default: ${join(tmpdir(), "convbert-bench")})
  --threads LIST     (default: 1,2)
  --only LIST        of the parts below; all by default. What was measured before is kept in the results
  --rounds N         timed runs of each (default: 10)
  --warmup N         untimed runs of each before (default: 3)
  --python PATH      with PyTorch and transformers (default: $CONVBERT_PYTHON); without one, no PyTorch
  --data DIR         with the test sets of the trained models (default: ../shared/data)
  --results FILE     JSON, written after each part (default: ${results})
  --report           print the tables of the results; measure nothing

Parts: short long batch longest sentences small medium-small onnx onnx-batch onnx-sentences accuracy`;

const web = ["ort-web", "ort-web-q8", "ort-web-int8"];
const node = ["ort-node", "ort-node-q8", "ort-node-int8"];
/** Our graphs beside the exporter's, on the same runtimes. */
const graphs = [...node, "ort-node-own", "ort-node-own-int8", ...web, "ort-web-own", "ort-web-own-int8"];
const ours = ["ours", "ours-int8", "ours-wide", "ours-int8-wide"];

interface Part {
  readonly model: string;
  /** What its results are listed under; the model by default. Rows of one title have run side by side. */
  readonly title?: string;
  readonly workloads: readonly string[];
  readonly contenders: readonly string[];
}

/**
 * What is compared. In the longer workloads, who is known to be far slower sits out (TensorFlow.js takes 3 times
 * onnxruntime-web's time), so that a run ends within the hour; nobody who could be the fastest does.
 */
const parts: Readonly<Record<string, Part>> = {
  short: { model: "base", workloads: ["1x16"], contenders: [...ours, ...web, ...node, "tfjs-wasm", "pytorch"] },
  long: {
    model: "base",
    workloads: ["1x128"],
    contenders: [...ours, ...web, "ort-web-wide", "ort-web-int8-wide", ...node, "tfjs-wasm", "pytorch"],
  },
  batch: { model: "base", workloads: ["8x128"], contenders: [...ours, "ort-web", "ort-web-int8", ...node, "pytorch"] },
  longest: {
    model: "base",
    workloads: ["1x512"],
    contenders: [...ours, "ort-web", "ort-web-int8", ...node, "pytorch"],
  },
  sentences: {
    model: "base",
    workloads: [SENTENCES],
    contenders: [...ours, "transformers-js", "transformers-js-single", "pytorch"],
  },
  small: { model: "small", workloads: ["1x128"], contenders: [...ours, ...web, ...node, "tfjs-wasm", "pytorch"] },
  "medium-small": {
    model: "medium-small",
    workloads: ["1x128"],
    contenders: [...ours, ...web, ...node, "tfjs-wasm", "pytorch"],
  },
  onnx: { model: "base", title: GRAPHS, workloads: ["1x16", "1x128"], contenders: graphs },
  // The unsigned weights of q8 are the slowest in either runtime.
  "onnx-batch": {
    model: "base",
    title: GRAPHS,
    workloads: ["8x128"],
    contenders: graphs.filter((name) => !name.endsWith("q8")),
  },
  "onnx-sentences": {
    model: "base",
    title: GRAPHS,
    workloads: [SENTENCES],
    contenders: ["transformers-js", "transformers-js-own", "transformers-js-q8", "transformers-js-own-q8"],
  },
};
/** A run over 256 sentences takes half a minute. */
const fewRounds: Readonly<Record<string, { rounds: number; warmup: number }>> = {
  batch: { rounds: 5, warmup: 2 },
  longest: { rounds: 5, warmup: 2 },
  sentences: { rounds: 2, warmup: 0 },
  "onnx-batch": { rounds: 2, warmup: 0 },
  "onnx-sentences": { rounds: 1, warmup: 0 },
};

const { values } = parseArgs({
  options: {
    models: { type: "string", default: join(tmpdir(), "convbert-bench") },
    threads: { type: "string", default: "1,2" },
    only: { type: "string", default: [...Object.keys(parts), "accuracy"].join(",") },
    rounds: { type: "string", default: "10" },
    warmup: { type: "string", default: "3" },
    python: { type: "string", default: process.env["CONVBERT_PYTHON"] ?? "" },
    data: { type: "string", default: defaultData() },
    results: { type: "string", default: results },
    report: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function readReport(): Report {
  if (existsSync(values.results)) return JSON.parse(readFileSync(values.results, "utf8")) as Report;
  return { machine: {}, loads: [], results: [], absent: [], accuracy: [] };
}

function print(report: Report): void {
  const bars = evaluateBars(report.results, report.accuracy);
  console.log(
    reportText(
      report,
      bars.filter(({ met }) => met !== null),
    ),
  );
}

async function measureAll(): Promise<void> {
  let report = readReport();
  const only = values.only.split(",");
  const unknown = only.find((name) => !Object.hasOwn(parts, name) && name !== "accuracy");
  if (unknown !== undefined) throw new Error(`--only: no "${unknown}"; parts are ${Object.keys(parts).join(", ")}`);
  for (const [name, { model: folder, title: model = folder, workloads, contenders }] of Object.entries(parts)) {
    if (!only.includes(name)) continue;
    const asked = { rounds: Number(values.rounds), warmup: Number(values.warmup) };
    const few = fewRounds[name] ?? asked;
    for (const threads of values.threads.split(",").map(Number)) {
      const measured = await compare({
        rounds: Math.min(asked.rounds, few.rounds),
        warmup: Math.min(asked.warmup, few.warmup),
        pause: 30,
        python: values.python,
        nodeFlags: [],
        model: join(values.models, folder),
        modelName: model,
        workloads,
        threads,
        contenders: contenders.filter((contender) => contender !== "pytorch" || values.python !== ""),
      });
      // What was measured before of the same workload is replaced.
      const isOld = (row: { model: string; threads: number; workload: string }) =>
        row.model === model &&
        row.threads === threads &&
        row.workload.split(" ").some((workload) => workloads.includes(workload));
      const load = (row: { contender: string; threads: number; task: string }) =>
        `${row.contender} ${row.threads} ${row.task} ${model}`;
      const newLoads = new Set(measured.loads.map(load));
      report = {
        machine: { ...describeMachine([]), [`load average after ${name}, ${threads} thread(s)`]: describeLoad() },
        loads: [...report.loads.filter((row) => row.model !== model || !newLoads.has(load(row))), ...measured.loads],
        results: [...report.results.filter((row) => !isOld(row)), ...measured.results],
        absent: [...report.absent.filter((row) => !isOld(row)), ...measured.absent],
        accuracy: report.accuracy ?? [],
      };
      writeFileSync(values.results, JSON.stringify(report));
    }
  }
  if (only.includes("accuracy")) {
    report = { ...report, accuracy: await measureAccuracy(values.data) };
    writeFileSync(values.results, JSON.stringify(report));
  }
  print(report);
}

try {
  if (values.help) console.log(help);
  else if (values.report) print(readReport());
  else await measureAll();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
