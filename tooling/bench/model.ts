/**
 * Compare engines on one ConvBERT model, side by side: every contender in its own process, outputs checked against the
 * recorded ones, then timed in turns. See README.md; usage: node tooling/bench/model.ts --help
 */
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { contenderKinds } from "./contender.ts";
import { compare, describeMachine, type Results } from "./measure.ts";
import { reportText } from "./report.ts";

const help = `node tooling/bench/model.ts [options]            (Node 22.18 or newer; run setup.mjs once before)
  --model DIR          made by setup.mjs (default: ${join(tmpdir(), "convbert-bench", "base")})
  --workloads LIST     of the recorded BATCHxLENGTH: 1x16,1x128,8x128,1x512, and sentences (default: 1x128)
  --threads LIST       thread counts, each measured on its own (default: 1)
  --contenders LIST    of ${Object.keys(contenderKinds).join(", ")}
                       (default: ours,ort-web,ort-node)
  --rounds N           timed runs of each (default: 10)
  --warmup N           untimed runs of each before (default: 3)
  --pause MS           rest before each run, so that another's spinning threads are asleep (default: 30)
  --python PATH        for pytorch (default: $CONVBERT_PYTHON, else python3)
  --node-flags FLAGS   for the contenders that run in Node, such as "--experimental-wasm-revectorize"
  --json               one JSON object on stdout instead of tables`;

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
    modelName: basename(values.model),
    contenders,
    workloads: values.workloads.split(","),
    threadCounts: values.threads.split(",").map((text) => integer("--threads", text, 1)),
    rounds: integer("--rounds", values.rounds, 1),
    warmup: integer("--warmup", values.warmup, 0),
    pause: integer("--pause", values.pause, 0),
    nodeFlags: values["node-flags"].split(" ").filter(Boolean),
  };
}

try {
  const options = readOptions();
  if (options.help) {
    console.log(help);
  } else {
    const machine = { ...describeMachine(options.nodeFlags), model: options.model, rounds: options.rounds };
    const merged: Results = { loads: [], results: [], absent: [] };
    for (const threads of options.threadCounts) {
      const { loads, results, absent } = await compare({ ...options, threads });
      merged.loads.push(...loads);
      merged.results.push(...results);
      merged.absent.push(...absent);
    }
    const report = { machine, ...merged };
    console.log(options.json ? JSON.stringify(report) : reportText(report, []));
    // Who was asked for by name and could not run is a failure, not a gap in a table.
    if (merged.absent.length > 0) process.exitCode = 1;
  }
} catch (error) {
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = usage ? 2 : 1;
}
