import { BackendError } from "../../errors.js";
import { type KernelArguments, type KernelName, MOST_NUMBERS, NUMBERS } from "../generated/calls.js";
import type { KernelModules, Kernels } from "./modules.js";

/** The position in this list is a kernel's number for the workers. */
const KERNEL_NAMES = Object.keys(NUMBERS);

// One pool of workers over the shared memory. A job is one kernel over a number of units in chunks, and the caller takes
// part. Each thread has a range of chunks of its own, works through it from the front, and then takes the last chunks of
// the others: neighbouring results are written by one core, and nobody waits for a thread that the system has put aside.
// Kernels give the same result for any split.
//
// Workers join a job while it is open; when all chunks are taken the caller closes it and waits for those that joined.
// A worker that sleeps, or that the system has put aside for another process, holds up nobody.

/** Words of the control block. The state: number of the job, whether it is open, and how many workers are in it. */
const STATE = 0;
const SLEEPERS = 1;
const KERNEL = 2;
const UNITS = 3;
const CHUNK = 4;
const ARGUMENT_COUNT = 5;
const FAILED = 6;
const CALLER_SLEEPS = 7;
/** Byte where the arguments start, as float64. */
const ARGUMENTS = 64;
/** Byte where the threads' ranges start, each in a cache line of its own: the next chunk, and behind the last one. */
const RANGES = ARGUMENTS + Math.ceil(MOST_NUMBERS / 8) * 64;
const RANGE_BYTES = 64;
/** Where the next chunk stands in the word of a range; the other bits have the end. */
const NEXT_SHIFT = 16;
/** Chunks of a job at most. */
const MOST_CHUNKS = 1 << (NEXT_SHIFT - 1);

/** Bytes of the control block of a pool. */
export function controlBytes(threads: number): number {
  return RANGES + threads * RANGE_BYTES;
}

const OPEN = 1 << 9;
const WORKERS = OPEN - 1;
const JOB_SHIFT = 10;
const JOBS = 1 << 20;

/** How often a thread looks for news before it sleeps: jobs follow each other within microseconds. */
const SPINS = 20_000;

/** What a worker is given. */
interface WorkerSetup {
  readonly modules: KernelModules;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly names: readonly string[];
  readonly threads: number;
  /** Which of the threads it is; the caller is 0. */
  readonly index: number;
}

/**
 * What workers run. It is sent to them as text, so it uses nothing from this module but its argument: a worker file of
 * its own would have to be found again by every bundler.
 */
const WORKER_SOURCE = `
async function serve({ modules, memory, control, names, threads, index }, post) {
  const env = { memory };
  const parts = [modules.tiles, modules.int8Tiles].map((part) => WebAssembly.instantiate(part, { env }));
  const tiles = Object.assign({}, ...(await Promise.all(parts)).map(({ exports }) => exports));
  const kernels = (await WebAssembly.instantiate(modules.elements, { env, tiles })).exports;
  kernels.useWideTiles(modules.wide ? 1 : 0);
  const words = new Int32Array(memory.buffer, control, ${RANGES / 4} + threads * ${RANGE_BYTES / 4});
  const values = new Float64Array(memory.buffer, control + ${ARGUMENTS}, ${MOST_NUMBERS});
  let done = Atomics.load(words, ${STATE}) >> ${JOB_SHIFT};
  post("ready");
  for (;;) {
    let state = Atomics.load(words, ${STATE});
    for (let spin = 0; spin < ${SPINS} && state >> ${JOB_SHIFT} === done; spin++) state = Atomics.load(words, ${STATE});
    if (state >> ${JOB_SHIFT} === done) {
      Atomics.add(words, ${SLEEPERS}, 1);
      Atomics.wait(words, ${STATE}, state);
      Atomics.sub(words, ${SLEEPERS}, 1);
      continue;
    }
    if ((state & ${OPEN}) === 0) {
      done = state >> ${JOB_SHIFT};
      continue;
    }
    if (Atomics.compareExchange(words, ${STATE}, state, state + 1) !== state) continue;
    done = state >> ${JOB_SHIFT};
    const kernel = kernels[names[words[${KERNEL}]]];
    const units = words[${UNITS}];
    const chunk = words[${CHUNK}];
    const args = Array.from(values.subarray(0, words[${ARGUMENT_COUNT}]));
    try {
      for (let other = 0; other < threads; other++) {
        const range = ${RANGES / 4} + ((index + other) % threads) * ${RANGE_BYTES / 4};
        for (;;) {
          const seen = Atomics.load(words, range);
          const next = seen >> ${NEXT_SHIFT};
          const end = seen & ${(1 << NEXT_SHIFT) - 1};
          if (next >= end) break;
          const left = other === 0 ? seen + ${1 << NEXT_SHIFT} : seen - 1;
          if (Atomics.compareExchange(words, range, seen, left) !== seen) continue;
          const begin = (other === 0 ? next : end - 1) * chunk;
          kernel(...args, begin, Math.min(begin + chunk, units));
        }
      }
    } catch {
      Atomics.store(words, ${FAILED}, 1);
    }
    Atomics.sub(words, ${STATE}, 1);
    if (Atomics.load(words, ${CALLER_SLEEPS}) !== 0) Atomics.notify(words, ${STATE});
  }
}
`;

/** The part of Node's and the web's workers that the pool uses. */
interface PoolWorker {
  /** Resolves when the worker waits for jobs; rejects when it could not start. */
  readonly ready: Promise<void>;
  terminate(): void;
}

export class ThreadPool {
  readonly #kernels: Kernels;
  readonly #workers: readonly PoolWorker[];
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  #job = 0;

  private constructor(kernels: Kernels, workers: readonly PoolWorker[], memory: WebAssembly.Memory, control: number) {
    this.#kernels = kernels;
    this.#workers = workers;
    this.#words = new Int32Array(memory.buffer, control, controlBytes(workers.length + 1) / 4);
    this.#values = new Float64Array(memory.buffer, control + ARGUMENTS, MOST_NUMBERS);
  }

  /**
   * Starts `threads - 1` workers; they keep no process alive. `control` is the address of a zeroed block of
   * {@link controlBytes}.
   */
  static async start(
    threads: number,
    modules: KernelModules,
    kernels: Kernels,
    memory: WebAssembly.Memory,
    control: number,
  ): Promise<ThreadPool> {
    const setup = { modules, memory, control, names: KERNEL_NAMES, threads };
    const workers: PoolWorker[] = [];
    try {
      for (let index = 1; index < threads; index++) {
        workers.push(await startWorker({ ...setup, index }));
      }
      await Promise.all(workers.map(({ ready }) => ready));
    } catch (cause) {
      for (const worker of workers) {
        worker.terminate();
      }
      throw new BackendError("createBackend", "the worker threads could not be started; use threads: 1", { cause });
    }
    return new ThreadPool(kernels, workers, memory, control);
  }

  /** Threads that work, the caller's included. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /** Runs a kernel over `units` units in chunks of `chunk` on all threads; returns when every unit is done. */
  run<Name extends KernelName>(name: Name, args: KernelArguments[Name], units: number, chunk: number): void {
    const words = this.#words;
    const numbers = NUMBERS[name](args);
    this.#values.set(numbers);
    words[KERNEL] = KERNEL_NAMES.indexOf(name);
    words[UNITS] = units;
    words[CHUNK] = chunk;
    words[ARGUMENT_COUNT] = numbers.length;
    const { threads } = this;
    const chunks = Math.ceil(units / chunk);
    if (chunks > MOST_CHUNKS) {
      throw new BackendError(name, `${chunks} chunks are more than a job can have`);
    }
    for (let thread = 0; thread < threads; thread++) {
      const next = Math.floor((thread * chunks) / threads);
      const end = Math.floor(((thread + 1) * chunks) / threads);
      words[rangeWord(thread)] = (next << NEXT_SHIFT) | end;
    }
    this.#job = (this.#job + 1) % JOBS;
    Atomics.store(words, STATE, (this.#job << JOB_SHIFT) | OPEN);
    if (Atomics.load(words, SLEEPERS) > 0) {
      Atomics.notify(words, STATE);
    }
    const kernel = this.#kernels.elements[name];
    try {
      for (let thread = 0; thread < threads; thread++) {
        for (let index = this.#take(thread); index >= 0; index = this.#take(thread)) {
          const begin = index * chunk;
          kernel(...numbers, begin, Math.min(begin + chunk, units));
        }
      }
    } finally {
      this.#close();
    }
    if (words[FAILED] !== 0) {
      throw new BackendError(name, "a worker thread failed");
    }
  }

  /** A chunk of a thread's range: of its own (0) the next one, of another's the last one; -1 when there is none. */
  #take(thread: number): number {
    const words = this.#words;
    const range = rangeWord(thread);
    for (;;) {
      const seen = Atomics.load(words, range);
      const next = seen >> NEXT_SHIFT;
      const end = seen & ((1 << NEXT_SHIFT) - 1);
      if (next >= end) {
        return -1;
      }
      const left = thread === 0 ? seen + (1 << NEXT_SHIFT) : seen - 1;
      if (Atomics.compareExchange(words, range, seen, left) === seen) {
        return thread === 0 ? next : end - 1;
      }
    }
  }

  /** Lets no worker in any more and waits for those inside; where this thread may not sleep (a page's) it spins. */
  #close(): void {
    const words = this.#words;
    Atomics.and(words, STATE, ~OPEN);
    for (let spin = 0; ; spin++) {
      const state = Atomics.load(words, STATE);
      if ((state & WORKERS) === 0) {
        return;
      }
      if (spin >= SPINS && mayWait()) {
        Atomics.store(words, CALLER_SLEEPS, 1);
        Atomics.wait(words, STATE, state, 1);
        Atomics.store(words, CALLER_SLEEPS, 0);
      }
    }
  }

  stop(): void {
    for (const worker of this.#workers) {
      worker.terminate();
    }
  }
}

/** Where a thread's range is among the words. */
function rangeWord(thread: number): number {
  return (RANGES + thread * RANGE_BYTES) / 4;
}

let waits: boolean | undefined;

/** Whether this thread may sleep in `Atomics.wait`. */
function mayWait(): boolean {
  if (waits === undefined) {
    try {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
      waits = true;
    } catch {
      waits = false;
    }
  }
  return waits;
}

/** Whether memory can be shared with workers here: always in Node, Bun and Deno, in pages with cross-origin isolation. */
export function canShareMemory(): boolean {
  return (
    typeof SharedArrayBuffer === "function" &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false
  );
}

async function startWorker(setup: WorkerSetup): Promise<PoolWorker> {
  return "process" in globalThis && globalThis.process?.versions?.node ? startNodeWorker(setup) : startWebWorker(setup);
}

async function startNodeWorker(setup: WorkerSetup): Promise<PoolWorker> {
  const { Worker } = await import("node:worker_threads");
  const source = `${WORKER_SOURCE}
    const { parentPort, workerData } = require("node:worker_threads");
    serve(workerData, (message) => parentPort.postMessage(message));`;
  const worker = new Worker(source, { eval: true, workerData: setup, name: "convbert" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the worker ended")));
  });
  // From the start it must not keep the process alive, but until it is ready the start itself has to.
  ready.then(
    () => worker.unref(),
    () => undefined,
  );
  return { ready, terminate: () => void worker.terminate() };
}

async function startWebWorker(setup: WorkerSetup): Promise<PoolWorker> {
  const source = `${WORKER_SOURCE}
    onmessage = ({ data }) => serve(data, postMessage);`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "convbert" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => URL.revokeObjectURL(url));
  worker.postMessage(setup);
  return { ready, terminate: () => worker.terminate() };
}
