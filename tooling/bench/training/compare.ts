import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seededRandom } from "../../config/seeded.ts";

// Training steps against PyTorch: the same weights and batches, one step each in turn, losses compared before anything is
// timed. See README.md beside this file.

const { values: flags } = parseArgs({
  options: {
    python: { type: "string", default: process.env["CONVBERT_PYTHON"] ?? "python3" },
    workloads: { type: "string", default: "classifier,small,medium-small,base" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "8" },
    texts: { type: "string" },
    "only-ours": { type: "boolean", default: false },
    wide: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log(
    "node compare.ts [--python PATH] [--workloads classifier,small,medium-small,base] [--threads 1,2] [--rounds 8]\n" +
      "  [--texts FILE: one text a line for the classifier's batches; ../shared/data/sst2/train.tsv by default] [--only-ours]\n" +
      "  [--wide: ours with V8's revectorizer as well] [--json]",
  );
  process.exit(0);
}

const CLASSIFIER = {
  hidden_size: 128,
  embedding_size: 128,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 256,
};
const SMALL = { hidden_size: 256, embedding_size: 128, num_attention_heads: 4, intermediate_size: 1024 };
const MEDIUM = {
  hidden_size: 384,
  embedding_size: 128,
  num_attention_heads: 8,
  intermediate_size: 1536,
  num_groups: 2,
};
const CONFIGS: Readonly<Record<string, object>> = {
  classifier: CLASSIFIER,
  small: SMALL,
  "medium-small": MEDIUM,
  base: {},
};

interface Batch {
  input_ids: number[][];
  attention_mask: number[][];
  labels: number[];
}
interface Reply {
  readonly version: string;
  readonly ms: number;
  readonly loss: number;
  readonly peakBytes: number;
  readonly error?: string;
}

class Contender {
  readonly name: string;
  readonly times: number[] = [];
  peakBytes = 0;
  readonly #ask: (request: object) => Promise<Reply>;
  readonly stop: () => void;

  constructor(name: string, command: string, args: string[]) {
    this.name = name;
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#ask = async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      const reply = JSON.parse(value) as Reply;
      if (reply.error) throw new Error(`${name}: ${reply.error}`);
      return reply;
    };
    this.stop = () => child.stdin.end();
  }

  async load(model: string, batches: string, threads: number, dropout: boolean): Promise<string> {
    return (await this.#ask({ op: "load", model, batches, threads, dropout })).version;
  }

  async step(): Promise<Reply> {
    const reply = await this.#ask({ op: "step" });
    this.peakBytes = Math.max(this.peakBytes, reply.peakBytes);
    return reply;
  }
}

/** Batches of 32 texts padded to the longest, as lengths of real sentences give them; or 8 sequences of 128 tokens. */
function makeBatches(workload: string, texts: readonly string[]): Batch[] {
  const random = seededRandom(7);
  const token = () => 1000 + Math.floor(random() * 29000);
  const [count, size] = workload === "classifier" ? [8, 32] : [2, 8];
  return Array.from({ length: count }, () => {
    const lengths = Array.from({ length: size }, () => {
      // Words and two special tokens; a tenth more pieces than words.
      const text = texts[Math.floor(random() * texts.length)] ?? "";
      return workload === "classifier" ? Math.min(128, Math.round(1.1 * text.split(/\s+/).length) + 2) : 128;
    });
    const longest = Math.max(...lengths);
    return {
      input_ids: lengths.map((length) => Array.from({ length: longest }, (_, i) => (i < length ? token() : 0))),
      attention_mask: lengths.map((length) => Array.from({ length: longest }, (_, i) => (i < length ? 1 : 0))),
      labels: lengths.map(() => Math.floor(random() * 2)),
    };
  });
}

const sentences = flags.texts ?? fileURLToPath(new URL("../../../../shared/data/sst2/train.tsv", import.meta.url));
if (!existsSync(sentences)) throw new Error(`${sentences} is missing; give --texts FILE`);
const texts = readFileSync(sentences, "utf8").trim().split("\n");
const folder = mkdtempSync(join(tmpdir(), "convbert-training-"));
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { ConvBertForSequenceClassification: Model } = await import(
  new URL("../../../packages/heads/dist/index.js", import.meta.url).href
);

const results: object[] = [];
const log = (text: string) => flags.json || console.log(text);
log(`${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(2)}\n`);
try {
  for (const workload of flags.workloads.split(",")) {
    const config = CONFIGS[workload];
    if (config === undefined) throw new Error(`--workloads: ${workload} is none of ${Object.keys(CONFIGS).join(", ")}`);
    const path = join(folder, workload);
    const model = await Model.fromConfig(config, { seed: 1 });
    await model.savePretrained(path);
    model.dispose();
    const batches = join(path, "batches.json");
    writeFileSync(batches, JSON.stringify(makeBatches(workload, texts)));
    for (const threads of flags.threads.split(",").map(Number)) {
      const contenders = [new Contender("ours", process.execPath, [here("ours.ts")])];
      if (flags.wide) {
        const wide = ["--experimental-wasm-revectorize", here("ours.ts")];
        contenders.push(new Contender("ours-wide", process.execPath, wide));
      }
      if (!flags["only-ours"]) contenders.push(new Contender("pytorch", flags.python, [here("pytorch.py")]));
      const losses: number[][] = [];
      const versions: string[] = [];
      for (const contender of contenders) {
        versions.push(await contender.load(path, batches, threads, false));
        losses.push([(await contender.step()).loss, (await contender.step()).loss, (await contender.step()).loss]);
        await contender.load(path, batches, threads, true);
        await contender.step();
        await contender.step();
      }
      if (workload === flags.workloads.split(",")[0]) log(versions.join("\n"));
      const expected = losses.at(-1)!;
      for (const [step, loss] of losses.flatMap((own) => [...own.entries()])) {
        if (!(Math.abs(loss / expected[step]! - 1) < 1e-3)) {
          throw new Error(`${workload}: the losses of step ${step} differ: ${loss} and ${expected[step]}`);
        }
      }
      for (let round = 0; round < Number(flags.rounds); round++) {
        for (const contender of contenders) contender.times.push((await contender.step()).ms);
      }
      const lowest = contenders.map(({ times }) => Math.min(...times));
      const median = contenders.map(({ times }) => times.toSorted((a, b) => a - b)[times.length >> 1]!);
      const ratios = flags["only-ours"] ? [] : lowest.slice(0, -1).map((time) => time / lowest.at(-1)!);
      log(
        `${workload}, ${threads} thread(s): ${contenders
          .map(({ name, peakBytes }, i) => {
            const mebibytes = (peakBytes / 2 ** 20).toFixed(0);
            return `${name} ${lowest[i]!.toFixed(1)} ms (median ${median[i]!.toFixed(1)}, peak ${mebibytes} MiB)`;
          })
          .join(", ")}${ratios.map((ratio) => `, ratio ${ratio.toFixed(2)}`).join("")}`,
      );
      results.push({
        workload,
        threads,
        ratios,
        contenders: contenders.map(({ name, times, peakBytes }, i) => ({
          name,
          version: versions[i],
          times,
          peakBytes,
        })),
      });
      for (const contender of contenders) contender.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (flags.json) console.log(JSON.stringify({ cpu: cpus()[0]?.model, results }, null, 1));
