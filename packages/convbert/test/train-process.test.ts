import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

// The built command, in processes of its own.
const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const killer = new URL("./kill-at.mjs", import.meta.url).href;

let folder = "";
const file = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error("dist/cli.js is missing: run `pnpm turbo run build --filter=convbert` first");
  folder = await mkdtemp(join(tmpdir(), "convbert-processes-"));
  await writeFile(file("vocab.txt"), "[PAD] [UNK] [CLS] [SEP] [MASK] good bad film".replaceAll(" ", "\n"));
  await writeFile(file("texts.csv"), `text,label\n${"good film,good\nbad film,bad\n".repeat(8)}`);
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

function start(
  output: string,
  more: readonly string[],
  killAt?: number,
): { child: ChildProcess; ended: Promise<Ended> } {
  const args = [
    ...["train", "text-classification", "--data", file("texts.csv"), "--vocab", file("vocab.txt"), "--threads", "1"],
    ...["--eval", file("texts.csv"), "--output", file(output), "--batch-size", "8", "--max-length", "8"],
    ..."--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24 --max-positions 32".split(" "),
    ...more,
  ];
  const hooks = killAt === undefined ? [] : ["--import", killer];
  const child = spawn(process.execPath, [...hooks, cli, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...(killAt !== undefined && { KILL_AT: String(killAt) }) },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, stderr }));
  return { child, ended };
}

async function untilStep(output: string, step: number): Promise<void> {
  const log = file(output, "training-log.jsonl");
  while (!(await readFile(log, "utf8").catch(() => "")).includes(`"step":${step},`)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a training folder has one owner", () => {
  const endless = ["--steps", "1000000", "--checkpoint-every", "5"];

  test("while it lives; the lock of one that was killed is taken over", async () => {
    const first = start("owned", endless);
    await untilStep("owned", 12);
    const before = (await readdir(file("owned"))).sort();
    for (const flags of [[], ["--resume"], ["--overwrite"]]) {
      const { code, stderr } = await start("owned", [...endless, ...flags]).ended;
      const who = `process ${first.child.pid} on ${hostname()}`;
      // Without a flag the run that is not finished is reason enough.
      const reason = flags.length === 0 ? "has a run that is not finished" : `is in use: ${who} trains there`;
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(reason) });
      expect((await readdir(file("owned"))).sort()).toEqual(before);
    }
    first.child.kill("SIGKILL");
    await first.ended;
    expect(await readdir(file("owned"))).toContain(".training-run.lock");
    const second = start("owned", [...endless, "--resume"]);
    await once(second.child.stderr!, "data");
    second.child.kill("SIGINT");
    const { code, stderr } = await second.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringMatching(/^going on from step-/) });
    expect(await readdir(file("owned"))).not.toContain(".training-run.lock");
  });

  test("of two that start at once", async () => {
    const ends = await Promise.all([1, 2, 3].map(() => start("raced", ["--steps", "40"]).ended));
    const done = ends.filter(({ code }) => code === 0);
    const refused = ends.filter(({ code }) => code === 2);
    expect([done.length, refused.length]).toEqual([1, 2]);
    for (const { stderr } of refused)
      expect(stderr).toMatch(/is in use: |has a (finished run|run that is not finished)/);
    expect(await readdir(file("raced"))).toContain("model.safetensors");
  });
});

test("a run that is killed at every change to the disk, while it saves its result and tidies up, goes on with --resume", async () => {
  const flags = ["--steps", "4", "--no-keep-checkpoints"];
  expect(await start("whole", flags).ended).toMatchObject({ code: 0 });
  const expected = (await readdir(file("whole"), { recursive: true })).sort();
  let kills = 0;
  for (let at = 1; ; at++) {
    const ended = await start("killed", [...flags, ...(at > 1 ? ["--resume"] : [])], at).ended;
    if (ended.signal === null) {
      expect(ended).toMatchObject({ code: 0 });
      break;
    }
    kills++;
  }
  // Notes, weights, the tokenizer's files and the results, each opened and put in place; then the checkpoints' removal.
  expect(kills).toBeGreaterThan(25);
  expect((await readdir(file("killed"), { recursive: true })).sort()).toEqual(expected);
  for (const name of ["model.safetensors", "config.json", "vocab.txt", "tokenizer.json"]) {
    const [own, other] = [await readFile(file("killed", name)), await readFile(file("whole", name))];
    expect(own.equals(other), name).toBe(true);
  }
  expect(JSON.parse(await readFile(file("killed", "training-run.json"), "utf8")).state).toBe("finished");
  // And once more: nothing is left to do.
  expect(await start("killed", [...flags, "--resume"]).ended).toMatchObject({ code: 0 });
}, 300_000);
