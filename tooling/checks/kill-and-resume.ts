/**
 * Kill training runs at random moments, resume them, and compare with a run that nothing has interrupted: weights and log
 * must be the same, bit for bit. Needs the built command (`npm run build`); usage: node tooling/checks/kill-and-resume.ts --help
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seededRandom } from "../config/seeded.ts";

const help = `node tooling/checks/kill-and-resume.ts [options]      (Node 22.18 or newer)
  --rounds N     runs that are killed (default: 50)
  --kills N      how often each is killed at most (default: 3)
  --seed N       of the moments (default: 0)
  --task NAME    text-classification or fill-mask (default: both in turns)
  --cli FILE     the command (default: packages/convbert/dist/cli.js)
  --json         one JSON object on stdout instead of text`;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    kills: { type: "string", default: "3" },
    seed: { type: "string", default: "0" },
    task: { type: "string" },
    cli: { type: "string", default: fileURLToPath(new URL("../../packages/convbert/dist/cli.js", import.meta.url)) },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

const WORDS = "good fine great bad dull poor film book a the very is it was and not".split(" ");

/** What a task is trained on, so small that a run takes seconds, and so that a kill falls into every part of it. */
const TASKS: Record<string, { data: string; options: string[] }> = {
  "text-classification": {
    data: lines(160, (random, i) => {
      const label = i % 2 === 0 ? "good" : "bad";
      return { text: `${sentence(random)} ${label} ${sentence(random)}`, label };
    }),
    options: ["--dropout", "0.2", "--accumulate", "2"],
  },
  "fill-mask": { data: lines(200, (random) => ({ text: sentence(random, 12) })), options: ["--mask-unit", "word"] },
};
const SHAPE = "--hidden-size 16 --embedding-size 8 --layers 2 --intermediate-size 24 --max-positions 64".split(" ");
const RUN = "--steps 160 --batch-size 8 --lr 3e-3 --evaluate-every 9 --checkpoint-every 4 --max-length 32".split(" ");

function sentence(random: () => number, most = 5): string {
  const length = 2 + Math.floor(random() * most);
  return Array.from({ length }, () => WORDS[Math.floor(random() * WORDS.length)]).join(" ");
}

function lines(count: number, make: (random: () => number, index: number) => object): string {
  const random = seededRandom(1);
  return Array.from({ length: count }, (_, i) => `${JSON.stringify(make(random, i))}\n`).join("");
}

/** Runs the command; the exit code, or null where it was killed. `moment` is in milliseconds. */
function run(args: readonly string[], moment = Number.POSITIVE_INFINITY): Promise<number | null> {
  const child = spawn(process.execPath, [values.cli, "train", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const timer = Number.isFinite(moment) ? setTimeout(() => child.kill("SIGKILL"), moment) : undefined;
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code === 0 || code === null) resolve(code);
      else reject(new Error(`convbert train ${args.join(" ")} ended with ${code}: ${errors}`));
    });
  });
}

/** What must be the same: the weights, and the log but for speeds and times. */
async function outcome(folder: string): Promise<{ weights: string; steps: number[]; course: string }> {
  const weights = createHash("sha256").update(await readFile(join(folder, "model.safetensors")));
  const text = await readFile(join(folder, "training-log.jsonl"), "utf8");
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { tokensPerSecond: _, secondsLeft: __, seconds: ___, ...rest } = JSON.parse(line);
      return rest;
    });
  return {
    weights: weights.digest("hex"),
    steps: events.filter(({ type }) => type === "step").map(({ step }) => step),
    course: JSON.stringify(events),
  };
}

const root = await mkdtemp(join(tmpdir(), "convbert-kill-"));
const random = seededRandom(Number(values.seed));
const tasks = values.task === undefined ? Object.keys(TASKS) : [values.task];
const expected = new Map<string, { outcome: Awaited<ReturnType<typeof outcome>>; milliseconds: number }>();
const report = { rounds: 0, kills: 0, withoutCheckpoint: 0, afterTheEnd: 0, different: [] as string[] };
const vocabulary = join(root, "vocab.txt");
await writeFile(vocabulary, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n"));

function argumentsOf(task: string, output: string): string[] {
  const file = join(root, `${task}.jsonl`);
  const common = ["--data", file, "--eval", file, "--vocab", vocabulary, "--output", output, "--threads", "1"];
  return [task, ...common, ...SHAPE, ...RUN, ...TASKS[task]!.options];
}

try {
  for (const task of tasks) {
    const chosen = TASKS[task];
    if (chosen === undefined) throw new Error(`--task ${task} is none of ${Object.keys(TASKS).join(", ")}`);
    await writeFile(join(root, `${task}.jsonl`), chosen.data);
    const folder = join(root, `${task}-whole`);
    const began = performance.now();
    await run(argumentsOf(task, folder));
    expected.set(task, { outcome: await outcome(folder), milliseconds: performance.now() - began });
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    const task = tasks[round % tasks.length]!;
    const whole = expected.get(task)!;
    const folder = join(root, `round-${round}`);
    await mkdir(folder);
    const moments: number[] = [];
    let code: number | null = null;
    for (let kill = 0; code === null; kill++) {
      const moment =
        kill < Number(values.kills)
          ? Math.round((0.2 + 0.8 * random()) * whole.milliseconds)
          : Number.POSITIVE_INFINITY;
      const resume = kill > 0 ? ["--resume"] : [];
      code = await run([...argumentsOf(task, folder), ...resume], moment);
      if (code !== null) break;
      moments.push(moment);
      report.kills++;
      const checkpoints = await readdir(join(folder, "checkpoints")).catch(() => []);
      if (!checkpoints.some((name) => name.startsWith("step-"))) report.withoutCheckpoint++;
      if ((await readdir(folder)).includes("model.safetensors")) report.afterTheEnd++;
    }
    const found = await outcome(folder);
    const isSame = found.weights === whole.outcome.weights && found.course === whole.outcome.course;
    report.rounds++;
    if (!isSame) report.different.push(`round ${round} (${task}) killed after ${moments.join(", ")} ms`);
    if (!values.json) {
      console.log(
        `round ${round + 1}  ${task}  killed after ${moments.join(", ") || "no"} ms  ${isSame ? "same" : "DIFFERENT"}`,
      );
    }
    await rm(folder, { recursive: true });
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(report));
else {
  console.log(
    `${report.rounds} runs, ${report.kills} kills (${report.withoutCheckpoint} before the first checkpoint, ` +
      `${report.afterTheEnd} after the model was saved): ${report.different.length} different`,
  );
}
process.exitCode = report.different.length === 0 ? 0 : 1;
