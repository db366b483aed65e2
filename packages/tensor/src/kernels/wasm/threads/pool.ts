import { BackendError } from "../../../errors.js";
import { type KernelArguments, type KernelName, NUMBERS } from "../../generated/calls.js";
import type { KernelModules, Kernels } from "../instance.js";
import {
  CALLER_SLEEPS,
  CHUNK,
  type Control,
  controlAt,
  divideChunks,
  FAILED,
  JOB_SHIFT,
  JOBS,
  KERNEL,
  MOST_CHUNKS,
  NUMBER_COUNT,
  OPEN,
  SLEEPERS,
  SPINS,
  STATE,
  UNITS,
  WORKERS,
  workThrough,
} from "./control.js";
import { type PoolWorker, startWorker } from "./pool-worker.js";

// One pool of workers over the shared memory; the caller takes part in every job (control.ts). Workers join a job while it
// is open; when all chunks are taken the caller closes it and waits for those that joined. A worker that sleeps, or that
// the system has put aside for another process, holds up nobody.

/** The position in this list is a kernel's number for the workers. */
const KERNEL_NAMES = Object.keys(NUMBERS);

export class ThreadPool {
  readonly #kernels: Kernels;
  readonly #workers: readonly PoolWorker[];
  readonly #control: Control;
  #job = 0;

  private constructor(kernels: Kernels, workers: readonly PoolWorker[], control: Control) {
    this.#kernels = kernels;
    this.#workers = workers;
    this.#control = control;
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
    return new ThreadPool(kernels, workers, controlAt(memory, control, threads));
  }

  /** Threads that work, the caller's included. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /** Runs a kernel over `units` units in chunks of `chunk` on all threads; returns when every unit is done. */
  run<Name extends KernelName>(name: Name, args: KernelArguments[Name], units: number, chunk: number): void {
    const { threads } = this;
    const { words } = this.#control;
    const chunks = Math.ceil(units / chunk);
    if (chunks > MOST_CHUNKS) {
      throw new BackendError(name, `${chunks} chunks are more than a job can have`);
    }
    const numbers = NUMBERS[name](args);
    this.#control.numbers.set(numbers);
    words[KERNEL] = KERNEL_NAMES.indexOf(name);
    words[UNITS] = units;
    words[CHUNK] = chunk;
    words[NUMBER_COUNT] = numbers.length;
    divideChunks(this.#control, chunks, threads);
    this.#job = (this.#job + 1) % JOBS;
    Atomics.store(words, STATE, (this.#job << JOB_SHIFT) | OPEN);
    if (Atomics.load(words, SLEEPERS) > 0) {
      Atomics.notify(words, STATE);
    }
    try {
      workThrough(this.#control, 0, threads, this.#kernels.elements[name], numbers);
    } finally {
      this.#close();
    }
    if (words[FAILED] !== 0) {
      throw new BackendError(name, "a worker thread failed");
    }
  }

  /** Lets no worker in any more and waits for those inside; where this thread may not sleep (a page's) it spins. */
  #close(): void {
    const { words } = this.#control;
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
