import { hasNode } from "@convbert/files/internal";
import { warnOnce } from "../call-options.js";
import { TokenizerError } from "../errors.js";
import type { FastPipeline } from "../fast/pipeline.js";
import type { FastEncoder } from "../fast/rows.js";
import type { Sample } from "../inputs.js";
import { TokenSink } from "../token-sink.js";
import { PoolWorker, WorkerGone } from "./pool-worker.js";
import type { Reply } from "./protocol.js";

/** How a batch is given to workers. */
export interface ParallelOptions {
  /** Workers at most; 1 for none, the caller does the work. Default: the processors there are, 4 at most. */
  readonly threads?: number;
  /** UTF-16 units of text from which on workers are used. Default 4 million, a quarter of that while they run. */
  readonly minimumSize?: number;
  readonly signal?: AbortSignal;
  /** Where the worker's script is, if a bundler has moved it: this package's `worker.js`. */
  readonly workerUrl?: URL | string;
}

/** Milliseconds without work after which workers go. */
const IDLE = 10_000;
/** UTF-16 units of a job: large enough that sending costs little, small enough to share the work out evenly. */
const JOB_SIZE = 1 << 18;

interface Pool {
  readonly workers: readonly PoolWorker[];
  /** Calls that use it. */
  active: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** One pool for each tokenizer's stages; adding tokens makes new stages, and the old pool goes when idle. */
const pools = new WeakMap<FastPipeline, Promise<Pool>>();

/**
 * Tokenizes samples in workers, in order. Where workers cannot be had, it says so once on the console.
 * @param files of the tokenizer, for workers that have to start.
 * @returns the tokens and where sequences end; undefined where the caller is to do the work: the batch is too small to
 *   pay, or there are no workers.
 * @throws TokenizerError what a worker met with, or `invalid-option`; the signal's reason when it aborts.
 */
export async function tokenizeInParallel(
  { pipeline, call }: FastEncoder,
  samples: readonly Sample[],
  files: () => Promise<Record<string, string>>,
  options: ParallelOptions,
): Promise<[TokenSink, Int32Array] | undefined> {
  const { signal } = options;
  const threads = options.threads ?? (await defaultThreads());
  if (!Number.isInteger(threads) || threads < 1) {
    throw new TokenizerError("invalid-option", `threads: ${threads} is no whole number from 1 on`, { threads });
  }
  const sequences = samples.flatMap(({ first, second }) => (second === undefined ? [first] : [first, second]));
  const size = sequences.reduce((sum, sequence) => sum + sizeOf(sequence), 0);
  const minimum = (options.minimumSize ?? 4e6) / (pools.has(pipeline) ? 4 : 1);
  if (threads < 2 || size < minimum) return undefined;
  try {
    const { offset_unit, return_offsets_mapping: detail } = call;
    const pool = await open(pipeline, threads, files, options.workerUrl);
    pool.active++;
    clearTimeout(pool.timer);
    try {
      signal?.throwIfAborted();
      const jobs = divide(sequences, Math.min(JOB_SIZE, size / threads));
      const replies: Reply[] = [];
      let next = 0;
      const work = async (worker: PoolWorker): Promise<void> => {
        try {
          while (next < jobs.length) {
            const i = next++;
            replies[i] = await worker.run({ sequences: jobs[i]!, detail, offset_unit }, signal);
          }
        } finally {
          // Where one fails, the others need not go on.
          next = jobs.length;
        }
      };
      await Promise.all(pool.workers.slice(0, threads).map(work));
      return join(replies, detail);
    } finally {
      pool.active--;
      if (pool.active === 0) pool.timer = endWhenIdle(pipeline, pool);
    }
  } catch (error) {
    if (!(error instanceof WorkerGone)) throw error;
    close(pipeline);
    warnOnce(`tokenizer: workers are not available, one thread does the work: ${error.message}`);
    return undefined;
  }
}

/** The pool of a pipeline, started where there is none or too small a one. */
async function open(
  pipeline: FastPipeline,
  threads: number,
  files: () => Promise<Record<string, string>>,
  workerUrl: URL | string | undefined,
): Promise<Pool> {
  const running = pools.get(pipeline);
  const known = running && (await running.catch(() => undefined));
  if (known && known.workers.length >= threads) return known;
  // One that is too small goes when its calls are done.
  const starting = files().then(async (contents): Promise<Pool> => {
    const started = await Promise.allSettled(
      Array.from({ length: threads }, () => PoolWorker.start(contents, workerUrl)),
    );
    const failed = started.find((result) => result.status === "rejected");
    const workers = started.filter((result) => result.status === "fulfilled").map(({ value }) => value);
    if (failed) {
      for (const worker of workers) worker.end();
      throw failed.reason;
    }
    return { workers, active: 0, timer: undefined };
  });
  pools.set(pipeline, starting);
  starting.catch(() => {
    if (pools.get(pipeline) === starting) pools.delete(pipeline);
  });
  return starting;
}

function endWhenIdle(pipeline: FastPipeline, pool: Pool): ReturnType<typeof setTimeout> {
  const timer = setTimeout(() => {
    for (const worker of pool.workers) worker.end();
    pools.get(pipeline)?.then((current) => {
      if (current === pool) pools.delete(pipeline);
    });
  }, IDLE);
  // Neither the timer nor workers that wait keep a script from ending.
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

function close(pipeline: FastPipeline): void {
  pools.get(pipeline)?.then(
    ({ workers }) => {
      for (const worker of workers) worker.end();
    },
    () => {},
  );
  pools.delete(pipeline);
}

const sizeOf = (sequence: Sample["first"]): number =>
  typeof sequence === "string" ? sequence.length : sequence.reduce((sum, word) => sum + word.length + 1, 0);

async function defaultThreads(): Promise<number> {
  const count = hasNode()
    ? (await import("node:os")).availableParallelism()
    : ((globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 1);
  return Math.min(count, 4);
}

/** Stretches of about a size, in order. */
function divide(sequences: readonly Sample["first"][], size: number): Sample["first"][][] {
  const jobs: Sample["first"][][] = [];
  let room = 0;
  for (const sequence of sequences) {
    if (room <= 0) {
      jobs.push([]);
      room = Math.max(size, 1);
    }
    jobs.at(-1)!.push(sequence);
    // An empty text is some work too.
    room -= sizeOf(sequence) + 1;
  }
  return jobs;
}

/** The workers' tokens behind one another. */
function join(replies: readonly Reply[], detail: boolean): [TokenSink, Int32Array] {
  const sink = new TokenSink(detail);
  sink.reserve(replies.reduce((sum, { ids }) => sum + ids!.length, 0));
  const ends = new Int32Array(replies.reduce((sum, { ends: part }) => sum + part!.length, 0));
  let filled = 0;
  for (const { ids, ends: part, starts, stops, words, strings } of replies) {
    const base = sink.length;
    sink.append(ids!);
    for (const end of part!) ends[filled++] = base + end;
    if (!detail) continue;
    sink.starts.set(starts!, base);
    sink.ends.set(stops!, base);
    sink.words.set(words!, base);
    for (const [i, string] of strings!) sink.strings.set(base + i, string);
  }
  return [sink, ends];
}
