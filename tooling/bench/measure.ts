import { arch, availableParallelism, cpus, loadavg, platform, release } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Case, largestDifference, readCase, SENTENCES } from "./cases.ts";
import { Contender, contenderKinds, type Task } from "./contender.ts";

/** How a contender loaded. */
export interface Loaded {
  readonly model: string;
  readonly task: Task;
  readonly contender: string;
  readonly threads: number;
  readonly version: string;
  readonly loadMs: number;
  /** Peak resident memory of the process after loading, and after all workloads. */
  readonly loadPeakBytes: number;
  peakBytes: number;
}

/** Times of one contender on one workload. */
export interface Measured {
  readonly model: string;
  readonly workload: string;
  readonly threads: number;
  readonly contender: string;
  /** Largest difference from the reference's output, as a part of its largest value. */
  readonly difference: number;
  readonly lowestMs: number;
  readonly medianMs: number;
  readonly timesMs: readonly number[];
}

/** A contender that could not take part, and why. */
export interface Absent {
  readonly model: string;
  readonly workload: string;
  readonly threads: number;
  readonly contender: string;
  readonly reason: string;
}

export interface Results {
  readonly loads: Loaded[];
  readonly results: Measured[];
  readonly absent: Absent[];
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly warmup: number;
  /** Rest before each run, in milliseconds. */
  readonly pause: number;
  readonly python: string;
  readonly nodeFlags: string[];
  /** The folder, and what to call it. */
  readonly model: string;
  readonly modelName: string;
  readonly workloads: readonly string[];
  readonly threads: number;
  readonly contenders: readonly string[];
}

/** An output was not what the reference recorded: nothing that is measured means anything then. */
export class DifferenceError extends Error {}

/**
 * Measure contenders against each other on workloads of one model with one number of threads: each in its own process,
 * outputs checked first, then timed in turns. A contender that fails is left out of what follows, with its reason.
 */
export async function compare(options: MeasureOptions): Promise<Results> {
  const results: Results = { loads: [], results: [], absent: [] };
  for (const task of ["forward", "sentences"] as const) {
    const workloads = options.workloads.filter((name) => (name === SENTENCES) === (task === "sentences"));
    const names = options.contenders.filter((name) => contenderKinds[name]!.tasks.includes(task));
    if (workloads.length > 0 && names.length > 0) await compareTask(task, workloads, names, options, results);
  }
  return results;
}

async function compareTask(
  task: Task,
  workloads: readonly string[],
  names: readonly string[],
  options: MeasureOptions,
  { loads, results, absent }: Results,
): Promise<void> {
  const { modelName: model, threads } = options;
  const cases = workloads.map((workload) => [workload, readCase(options.model, workload)] as const);
  const all = names.map((name) => new Contender(name, contenderKinds[name]!, options));
  const present = new Map<Contender, Loaded>();
  const drop = (contender: Contender, workload: string, error: unknown): void => {
    if (error instanceof DifferenceError) throw error;
    const reason = (error as Error).message.replace(`${contender.name}: `, "").split("\n")[0]!;
    console.error(`${contender.name} takes no part in ${model} ${workload}: ${reason}`);
    absent.push({ model, workload, threads, contender: contender.name, reason });
    present.delete(contender);
  };
  try {
    for (const contender of all) {
      console.error(`loading ${contender.name}: ${model}, ${threads} thread(s)`);
      try {
        const { version, loadMs, peakBytes } = await contender.load(options.model, threads, task);
        const sizes = { loadMs, loadPeakBytes: peakBytes, peakBytes };
        present.set(contender, { model, task, contender: contender.name, threads, version, ...sizes });
      } catch (error) {
        drop(contender, workloads.join(" "), error);
      }
    }
    loads.push(...present.values());
    for (const [workload, recorded] of cases) {
      console.error(`measuring ${model} ${workload}, ${threads} thread(s)`);
      const differences = new Map<Contender, number>();
      for (const contender of [...present.keys()]) {
        try {
          differences.set(contender, await checkedDifference(contender, workload, recorded));
        } catch (error) {
          drop(contender, workload, error);
        }
      }
      const times = await timeInTurns(present, options, (contender, error) => drop(contender, workload, error));
      for (const [contender, timesMs] of times) {
        const difference = differences.get(contender)!;
        const { lowestMs, medianMs } = summary(timesMs);
        results.push({ model, workload, threads, contender: contender.name, difference, lowestMs, medianMs, timesMs });
      }
    }
  } finally {
    for (const contender of all) contender.stop();
  }
}

async function checkedDifference(contender: Contender, workload: string, recorded: Case): Promise<number> {
  const { tolerance, isPadded } = contender.kind;
  const expected = (isPadded && recorded.expectedPadded) || recorded.expected;
  const difference = largestDifference(await contender.prepare(recorded.inputs), expected);
  if (!(difference <= tolerance)) {
    throw new DifferenceError(
      `${contender.name}: its output for ${workload} differs from the reference: ` +
        `largest difference ${difference} of the largest value, allowed ${tolerance}`,
    );
  }
  return difference;
}

/** Every contender runs once a round, in turn, so that a change of the machine's pace meets all of them. */
async function timeInTurns(
  contenders: ReadonlyMap<Contender, Loaded>,
  { rounds, warmup, pause }: MeasureOptions,
  drop: (contender: Contender, error: unknown) => void,
): Promise<Map<Contender, number[]>> {
  const times = new Map([...contenders.keys()].map((contender) => [contender, [] as number[]]));
  for (let round = -warmup; round < rounds; round++) {
    for (const [contender, loaded] of [...contenders]) {
      await sleep(pause);
      try {
        const { ms, peakBytes } = await contender.run();
        loaded.peakBytes = peakBytes;
        if (round >= 0) times.get(contender)!.push(ms);
      } catch (error) {
        drop(contender, error);
        times.delete(contender);
      }
    }
  }
  return times;
}

function summary(times: readonly number[]): { lowestMs: number; medianMs: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const medianMs = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { lowestMs: sorted[0]!, medianMs };
}

/** This machine and what runs on it, for people. */
export function describeMachine(nodeFlags: readonly string[]): Record<string, string> {
  return {
    cpu: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} usable core(s)`,
    system: `${platform()} ${release()} ${arch()}`,
    node: `${process.version}, V8 ${process.versions.v8} ${nodeFlags.join(" ")}`.trim(),
    "load average before": describeLoad(),
  };
}

/** Runnable threads in the last 1, 5 and 15 minutes. */
export function describeLoad(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(" ");
}
