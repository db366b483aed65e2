import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvBertForMaskedLM } from "@convbert/heads";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  fileLog,
  folderCheckpoints,
  MemoryLog,
  memoryCheckpoints,
  memoryDataset,
  Trainer,
  TrainerCheckpointError,
  type TrainerEvent,
} from "../src/index.js";
import { maskedRun, runInFolder } from "./long-run.js";
import { sentences, tinyMaskedModel, weightsOf } from "./tiny.js";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "convbert-resume-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Log lines without what depends on the clock. */
function course(lines: readonly string[]): unknown[] {
  return lines.map((line) => {
    const { tokensPerSecond: _, secondsLeft: __, seconds: ___, ...rest } = JSON.parse(line);
    return rest;
  });
}

/** The run that nothing has interrupted. */
let expected: { readonly weights: Record<string, string>; readonly course: unknown[] };

beforeAll(async () => {
  using model = await tinyMaskedModel();
  const log = new MemoryLog();
  await new Trainer(maskedRun(model, { log })).train();
  expected = { weights: weightsOf(model), course: course(log.lines) };
});

describe("a run that is aborted again and again", () => {
  it.each([
    ["between steps", "step", 1],
    ["in evaluations", "evaluating", 1],
    ["every five steps", "step", 5],
  ] as const)("%s goes on bit for bit", async (_when, type, every) => {
    const checkpoints = memoryCheckpoints();
    const log = new MemoryLog();
    let parts = 0;
    for (let done = false; !done; parts++) {
      expect(parts).toBeLessThan(60);
      // Other weights: everything comes from the checkpoint, once there is one.
      using model = await tinyMaskedModel(parts === 0 ? 1 : 99);
      const abort = new AbortController();
      const reason = new Error("enough");
      let count = 0;
      const onEvent = (event: TrainerEvent) => {
        if (event.type === type && ++count === every) abort.abort(reason);
      };
      try {
        await new Trainer(maskedRun(model, { checkpoints, log, resume: true, signal: abort.signal, onEvent })).train();
        done = true;
        expect(weightsOf(model)).toEqual(expected.weights);
      } catch (error) {
        expect(error).toBe(reason);
      }
    }
    expect(parts).toBeGreaterThan(4);
    expect(course(log.lines)).toEqual(expected.course);
  });

  it("can be aborted within a step", async () => {
    const checkpoints = memoryCheckpoints();
    using model = await tinyMaskedModel();
    const abort = new AbortController();
    let batches = 0;
    const { collate } = maskedRun(model);
    const run = new Trainer(
      maskedRun(model, {
        checkpoints,
        signal: abort.signal,
        collate(examples, random) {
          // The second batch of the third step: its first one must not count twice.
          if (++batches === 6) setImmediate(() => abort.abort());
          return collate(examples, random);
        },
      }),
    ).train();
    await expect(run).rejects.toThrow("aborted");
    expect(await checkpoints.list()).toEqual(["step-00000002"]);
    await new Trainer(maskedRun(model, { checkpoints, resume: true })).train();
    expect(weightsOf(model)).toEqual(expected.weights);
  });
});

/** A process of its own that trains in a folder. */
function trainingProcess(folder: string): ChildProcess {
  const hook = new URL("../../../tooling/config/source-hooks.mjs", import.meta.url).href;
  const source = new URL("./long-run.ts", import.meta.url).href;
  const code = `import { runInFolder } from ${JSON.stringify(source)};
    import { writeFileSync } from "node:fs";
    const weights = await runInFolder(${JSON.stringify(folder)});
    writeFileSync(${JSON.stringify(join(folder, "weights.json"))}, JSON.stringify(weights));
    process.exit(0);`;
  const child = spawn(
    process.execPath,
    ["--no-warnings", "--conditions=@convbert/source", "--import", hook, "--input-type=module", "-e", code],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Waits until the log has so many lines, or the process has ended. */
async function untilLines(file: string, count: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.split("\n").length > count) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a process that is killed", () => {
  it("leaves a run that goes on bit for bit", async () => {
    const folder = await temporaryFolder();
    const log = join(folder, "log.jsonl");
    let killed = 0;
    for (const lines of [2, 9, 17, Number.POSITIVE_INFINITY]) {
      const child = trainingProcess(folder);
      const ended = once(child, "exit");
      await untilLines(log, lines, child);
      killed += Number(child.kill("SIGKILL"));
      await ended;
    }
    expect(killed).toBe(3);
    expect(JSON.parse(await readFile(join(folder, "weights.json"), "utf8"))).toEqual(expected.weights);
    const written = (await readFile(log, "utf8")).trimEnd().split("\n");
    expect(course(written)).toEqual(expected.course);
  });

  it("may have left parts of a checkpoint, a removal and a line behind", async () => {
    const folder = await temporaryFolder();
    using model = await tinyMaskedModel();
    const checkpoints = folderCheckpoints(join(folder, "checkpoints"));
    const log = await fileLog(join(folder, "log.jsonl"));
    const abort = new AbortController();
    const run = new Trainer(
      maskedRun(model, {
        checkpoints,
        log,
        signal: abort.signal,
        onEvent: (event) => void (event.type === "step" && event.step === 7 && abort.abort()),
      }),
    ).train();
    await expect(run).rejects.toThrow("aborted");
    await log.append('{"type":"step","step":8,"los');
    await log.close();
    for (const name of [".step-00000009.tmp", ".step-00000003.removed.tmp"]) {
      await checkpoints.write("step-00000000", [["trainer_state.json", "{"]]);
      const { rename } = await import("node:fs/promises");
      await rename(join(folder, "checkpoints/step-00000000"), join(folder, "checkpoints", name));
    }
    expect(await runInFolder(folder)).toEqual(expected.weights);
    const lines = (await readFile(join(folder, "log.jsonl"), "utf8")).trimEnd().split("\n");
    expect(course(lines)).toEqual(expected.course);
    expect((await readdir(join(folder, "checkpoints"))).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("checkpoints", () => {
  it("are models that load, the newest and the best of them kept", async () => {
    const folder = await temporaryFolder();
    using model = await tinyMaskedModel();
    const checkpoints = folderCheckpoints(folder);
    const scores = [3, 1, 2, 2, 2, 2];
    let evaluations = 0;
    await new Trainer(
      maskedRun(model, { checkpoints, evaluate: async () => ({ perplexity: scores[evaluations++]! }) }),
    ).train();
    const total = expected.course.filter((line) => (line as TrainerEvent).type === "step").length;
    expect(total).toBe(24);
    expect((await readdir(folder)).sort()).toEqual(["step-00000008", "step-00000021", "step-00000024"]);
    using loaded = await ConvBertForMaskedLM.fromPretrained(join(folder, "step-00000008"));
    // The run has ended with the best weights.
    expect(weightsOf(loaded)).toEqual(weightsOf(model));
  });

  it("of a finished run give its result at once", async () => {
    const checkpoints = memoryCheckpoints();
    const log = new MemoryLog();
    {
      using model = await tinyMaskedModel();
      await new Trainer(maskedRun(model, { checkpoints, log })).train();
    }
    using model = await tinyMaskedModel(99);
    const { steps, reason } = await new Trainer(maskedRun(model, { checkpoints, log, resume: true })).train();
    expect({ steps, reason }).toEqual({ steps: 24, reason: "finished" });
    expect(weightsOf(model)).toEqual(expected.weights);
    expect(course(log.lines)).toEqual(expected.course);
  });

  it("of a finished run are where a longer one goes on, which is as long a run from the start where the rate is", async () => {
    const constant = { schedule: "constant", warmupSteps: 2 } as const;
    using whole = await tinyMaskedModel();
    const wholeLog = new MemoryLog();
    await new Trainer(maskedRun(whole, { ...constant, log: wholeLog, keepBest: false })).train();
    const checkpoints = memoryCheckpoints();
    const log = new MemoryLog();
    for (const epochs of [1, 3, 4]) {
      using model = await tinyMaskedModel(epochs);
      // The weights come from the checkpoint, once there is one.
      if (epochs === 1)
        for (const own of model.parameters()) own.write(0, (await tinyMaskedModel()).parameter(own.name)!.read());
      const options = { ...constant, epochs, checkpoints, log, resume: true, keepBest: false };
      const summary = await new Trainer(maskedRun(model, options)).train();
      expect(summary).toMatchObject({ reason: "finished", steps: 6 * epochs, epochs });
      if (epochs === 4) expect(weightsOf(model)).toEqual(weightsOf(whole));
    }
    const steps = (lines: readonly string[]) =>
      course(lines).flatMap((line) => {
        const { type, totalSteps: _, ...rest } = line as { type: string; totalSteps?: number };
        return type === "step" ? [rest] : [];
      });
    expect(steps(log.lines)).toEqual(steps(wholeLog.lines));
    expect(course(log.lines).filter((line) => (line as TrainerEvent).type === "start")).toMatchObject([
      { totalSteps: 6, step: 0, resumedFrom: null },
      { totalSteps: 18, step: 6 },
      { totalSteps: 24, step: 18 },
    ]);
  });

  it("of a run that is longer go on bit for bit after an interruption, too", async () => {
    const run = async (interrupted: boolean) => {
      const checkpoints = memoryCheckpoints();
      const log = new MemoryLog();
      {
        using model = await tinyMaskedModel();
        await new Trainer(maskedRun(model, { checkpoints, log, epochs: 2 })).train();
      }
      for (const stopAt of interrupted ? [14, 20, Number.NaN] : [Number.NaN]) {
        using model = await tinyMaskedModel(99);
        const abort = new AbortController();
        const onEvent = (event: TrainerEvent) => void (event.type === "step" && event.step === stopAt && abort.abort());
        const options = { checkpoints, log, resume: true, onEvent, signal: abort.signal };
        const ended = new Trainer(maskedRun(model, options)).train();
        if (Number.isNaN(stopAt)) {
          await ended;
          return { weights: weightsOf(model), course: course(log.lines) };
        }
        await expect(ended).rejects.toThrow("aborted");
      }
      throw new Error("unreachable");
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it("are removed with the log where a run begins anew, and not before its options are known to be right", async () => {
    const checkpoints = memoryCheckpoints();
    const log = new MemoryLog();
    using model = await tinyMaskedModel();
    await new Trainer(maskedRun(model, { checkpoints, log, epochs: 1 })).train();
    const before = { names: await checkpoints.list(), lines: log.lines.length };
    const wrong = { checkpoints, log, overwrite: true, freeze: ["nothing.*"] };
    await expect(new Trainer(maskedRun(model, wrong)).train()).rejects.toThrow("no parameter is named so");
    expect({ names: await checkpoints.list(), lines: log.lines.length }).toEqual(before);
    using again = await tinyMaskedModel();
    await new Trainer(maskedRun(again, { checkpoints, log, overwrite: true })).train();
    expect(weightsOf(again)).toEqual(expected.weights);
    expect(course(log.lines)).toEqual(expected.course);
  });

  it("leave alone what is not theirs", async () => {
    const folder = await temporaryFolder();
    const { mkdir } = await import("node:fs/promises");
    const foreign = ["step-7", "checkpoint-500", ".cache.tmp", ".git.removed.tmp", "best"];
    for (const name of foreign) await mkdir(join(folder, name));
    const checkpoints = folderCheckpoints(folder);
    expect(await checkpoints.list()).toEqual([]);
    using model = await tinyMaskedModel();
    await new Trainer(maskedRun(model, { checkpoints, epochs: 1, keepCheckpoints: 1 })).train();
    await new Trainer(maskedRun(model, { checkpoints, epochs: 1, overwrite: true })).train();
    expect((await readdir(folder)).filter((name) => !/^step-\d{8}/.test(name)).sort()).toEqual(foreign.sort());
    const text = join(folder, "notes.txt");
    for (const contents of ["my notes\n", '{"text":"x"}\n', " "]) {
      await writeFile(text, contents);
      await expect(fileLog(text)).rejects.toThrow("notes.txt is not the log of a run");
      expect(await readFile(text, "utf8")).toBe(contents);
    }
    for (const contents of ["", '{"ty', '{"type":"start"}\n']) {
      await writeFile(text, contents);
      await (await fileLog(text)).close();
    }
  });

  it("outlive a log in memory", async () => {
    const checkpoints = memoryCheckpoints();
    const [first, second] = [new MemoryLog(), new MemoryLog()];
    const abort = new AbortController();
    const onEvent = ({ type }: TrainerEvent) => void (type === "evaluation" && abort.abort());
    using model = await tinyMaskedModel();
    const part = new Trainer(maskedRun(model, { checkpoints, log: first, signal: abort.signal, onEvent })).train();
    await expect(part).rejects.toThrow("aborted");
    await new Trainer(maskedRun(model, { checkpoints, log: second, resume: true })).train();
    expect(course([...first.lines, ...second.lines])).toEqual(expected.course);
  });

  it("of another run are refused, naming what differs", async () => {
    const checkpoints = memoryCheckpoints();
    using model = await tinyMaskedModel();
    await new Trainer(maskedRun(model, { checkpoints, epochs: 1, log: new MemoryLog() })).train();
    const go = (options: object) => new Trainer(maskedRun(model, { checkpoints, resume: true, ...options })).train();
    await expect(go({ epochs: 1, schedule: "cosine" })).rejects.toThrow(
      'the checkpoint step-00000006: the run cannot go on as another one: schedule was "linear" and is "cosine"',
    );
    // Longer, but another one.
    await expect(go({ epochs: 2, seed: 4 })).rejects.toThrow(": seed was 3 and is 4");
    await expect(go({ epochs: undefined, steps: 5 })).rejects.toThrow("steps was not set and is 5");
    await expect(go({ epochs: 1, seed: 4, layerDecay: 0.9 })).rejects.toThrow(
      /seed was 3 and is 4; layerDecay was not set and is 0.9/,
    );
    await expect(go({ epochs: 1, train: memoryDataset(sentences(44)) })).rejects.toThrow("examples was 45 and is 44");
    const log = new MemoryLog();
    await log.append("of something else");
    await expect(go({ epochs: 1, log })).rejects.toThrow("the log does not belong to it");
  });

  it.each([
    ["trainer_state.json", "{", "trainer_state.json is not JSON"],
    ["trainer_state.json", "[]", "trainer_state.json is not the state of a run"],
    ["trainer_state.json", '{"format":2,"state":{},"options":{}}', "has the format 2; this version reads 1"],
    ["trainer_state.json", '{"format":1,"state":{"step":-1},"options":{}}', "has -1 as step"],
    ["model.safetensors", "x", "too few for a safetensors file"],
    ["optimizer.safetensors", "", "too few for a safetensors file"],
  ])("that are damaged are refused: %s is %j", async (file, contents, message) => {
    const folder = await temporaryFolder();
    using model = await tinyMaskedModel();
    const checkpoints = folderCheckpoints(folder);
    await new Trainer(maskedRun(model, { checkpoints, epochs: 1 })).train();
    await writeFile(join(folder, "step-00000006", file), contents);
    const run = new Trainer(maskedRun(model, { checkpoints, epochs: 1, resume: true })).train();
    await expect(run).rejects.toThrow(TrainerCheckpointError);
    await expect(run).rejects.toThrow(message);
  });
});
