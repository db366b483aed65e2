import { TokenizerError, type TokenizerErrorCode } from "../errors.js";
import type { FastPipeline } from "../fast-pipeline.js";
import type { FastEncoder } from "../fast-rows.js";
import type { Sample } from "../inputs.js";
import { TokenSink } from "../token-sink.js";
import { type Answer, type Job, READY } from "./protocol.js";

export interface ParallelOptions {
  /** Threads at most; 1 for none beside the caller's. Default: the processors there are, 4 at most. */
  readonly threads?: number;
  /** UTF-16 units of text from which on workers are used. Default 4 million, a quarter of that while they run. */
  readonly minimumSize?: number;
  readonly signal?: AbortSignal;
  /** Where the worker's script is, if a bundler has moved it: this package's `worker.js`. */
  readonly workerUrl?: URL | string;
}

/** Milliseconds without work after which workers go. */
const IDLE = 10_000;

interface Pool {
  readonly workers: readonly PoolWorker[];
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** One pool for each tokenizer's stages; adding tokens makes new stages, and the old pool goes when idle. */
const pools = new WeakMap<FastPipeline, Promise<Pool | undefined>>();

/**
 * Tokenizes samples in workers.
 * @param files of the tokenizer, for workers that have to start.
 * @returns the tokens and where sequences end; undefined where it does not pay, or there are no workers.
 */
export async function tokenizeInParallel(
  { pipeline, call }: FastEncoder,
  samples: readonly Sample[],
  files: () => Promise<Record<string, string>>,
  options: ParallelOptions,
): Promise<[TokenSink, Int32Array] | undefined> {
  const sequences = samples.flatMap(({ first, second }) => (second === undefined ? [first] : [first, second]));
  const threads = options.threads ?? (await defaultThreads());
  const size = sequences.reduce((sum, sequence) => sum + sizeOf(sequence), 0);
  const minimum = (options.minimumSize ?? 4e6) / (pools.has(pipeline) ? 4 : 1);
  if (threads < 2 || size < minimum) return undefined;
  if (!pools.has(pipeline)) pools.set(pipeline, start(threads, await files(), options.workerUrl));
  const pool = await pools.get(pipeline)!;
  if (!pool) return undefined;
  clearTimeout(pool.timer);
  try {
    const { offset_unit, return_offsets_mapping: detail } = call;
    const answers = await Promise.all(
      divide(sequences, size, pool.workers.length).map((part, i) =>
        pool.workers[i]!.run({ sequences: part, detail, offset_unit }, options.signal),
      ),
    );
    return join(answers, detail);
  } finally {
    pool.timer = setTimeout(() => {
      pools.delete(pipeline);
      for (const worker of pool.workers) worker.end();
    }, IDLE);
    (pool.timer as { unref?: () => void }).unref?.();
  }
}

const sizeOf = (sequence: Sample["first"]): number =>
  typeof sequence === "string" ? sequence.length : sequence.reduce((sum, word) => sum + word.length + 1, 0);

async function defaultThreads(): Promise<number> {
  const { hardwareConcurrency } = (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator ?? {};
  const count =
    hardwareConcurrency ??
    (await import("node:os").then(
      (os) => os.availableParallelism(),
      () => 1,
    ));
  return Math.min(count, 4);
}

/** Stretches of about the same size, one for each worker. */
function divide(sequences: readonly Sample["first"][], size: number, parts: number): Sample["first"][][] {
  const divided: Sample["first"][][] = [];
  let part: Sample["first"][] = [];
  let filled = 0;
  for (const sequence of sequences) {
    part.push(sequence);
    filled += sizeOf(sequence);
    if (filled < (size / parts) * (divided.length + 1)) continue;
    divided.push(part);
    part = [];
  }
  // Rounding may leave a rest.
  for (const sequence of part) divided.at(-1)!.push(sequence);
  return divided;
}

/** The workers' tokens behind one another. */
function join(answers: readonly Answer[], detail: boolean): [TokenSink, Int32Array] {
  const sink = new TokenSink(detail);
  const ends = new Int32Array(answers.reduce((sum, { ends: part }) => sum + part!.length, 0));
  let filled = 0;
  for (const { ids, ends: part, starts, stops, words, strings } of answers) {
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

async function start(
  threads: number,
  files: Record<string, string>,
  url: URL | string | undefined,
): Promise<Pool | undefined> {
  try {
    const workers = await Promise.all(Array.from({ length: threads }, () => PoolWorker.start(files, url)));
    return { workers, timer: undefined };
  } catch {
    // No workers here, or no script for them: the caller does the work itself.
    return undefined;
  }
}

/** A worker of Node's or of the web, whichever there is. */
class PoolWorker {
  readonly #post: (message: unknown) => void;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: unknown) => void }>();
  #next = 0;
  /** Ends the worker. */
  readonly end: () => void;
  /** Whether the process has to stay for it. */
  readonly #hold: (on: boolean) => void;

  private constructor(post: (message: unknown) => void, end: () => void, hold: (on: boolean) => void) {
    this.#post = post;
    this.end = end;
    this.#hold = hold;
  }

  /** @returns a worker whose tokenizer is loaded. */
  static async start(files: Record<string, string>, url: URL | string | undefined): Promise<PoolWorker> {
    const worker = "process" in globalThis ? await PoolWorker.#startInNode(url) : PoolWorker.#startOnWeb(url);
    const ready = new Promise((resolve, reject) => {
      worker.#waiting.set(READY, { resolve, reject });
    });
    worker.#post({ files });
    try {
      await ready;
    } catch (error) {
      worker.end();
      throw error;
    }
    return worker;
  }

  static async #startInNode(url: URL | string | undefined): Promise<PoolWorker> {
    const { Worker: NodeWorker } = await import("node:worker_threads");
    const thread = new NodeWorker(new URL(url ?? "./worker.js", import.meta.url));
    const worker = new PoolWorker(
      (message) => thread.postMessage(message),
      () => void thread.terminate(),
      // A script must be able to end while workers wait.
      (on) => (on ? thread.ref() : thread.unref()),
    );
    thread.on("message", (answer: Answer) => worker.#settle(answer));
    thread.on("error", (error) => worker.#fail(error));
    thread.on("exit", (code) => worker.#fail(new Error(`a tokenizer's worker ended with code ${code}`)));
    return worker;
  }

  static #startOnWeb(url: URL | string | undefined): PoolWorker {
    const thread = url
      ? new Worker(url, { type: "module" })
      : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const worker = new PoolWorker(
      (message) => thread.postMessage(message),
      () => thread.terminate(),
      () => {},
    );
    thread.addEventListener("message", (event: MessageEvent<Answer>) => worker.#settle(event.data));
    thread.addEventListener("error", (event) => worker.#fail(new Error(event.message)));
    return worker;
  }

  async run(job: Omit<Job, "id">, signal: AbortSignal | undefined): Promise<Answer> {
    signal?.throwIfAborted();
    const id = this.#next++;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const abort = (): void => this.#finish(id)?.reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#hold(true);
    this.#post({ ...job, id });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #settle(answer: Answer): void {
    const waiting = this.#finish(answer.id);
    const { error } = answer;
    if (error) waiting?.reject(new TokenizerError(error.code as TokenizerErrorCode, error.message, error.details));
    else waiting?.resolve(answer);
  }

  #fail(error: unknown): void {
    for (const id of [...this.#waiting.keys()]) this.#finish(id)?.reject(error);
  }

  #finish(id: number) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#hold(false);
    return waiting;
  }
}
