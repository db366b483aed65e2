import { hasNode } from "../../../platform.js";
import type { KernelName } from "../../generated/calls.js";
import { instantiateKernels, type KernelModules } from "../instance.js";
import {
  CALLER_SLEEPS,
  controlAt,
  FAILED,
  JOB_SHIFT,
  KERNEL,
  NUMBER_COUNT,
  OPEN,
  SLEEPERS,
  SPINS,
  STATE,
  workThrough,
} from "./control.js";

// The script of a pool's workers. A file of its own would have to be found again by every bundler, so build-worker.ts
// makes one string of it and of what it imports, which the pool hands to its workers.

/** What a worker is given. */
export interface WorkerSetup {
  readonly modules: KernelModules;
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** Of all kernels, by their numbers. */
  readonly names: readonly string[];
  readonly threads: number;
  /** Which of the threads it is; the caller is 0. */
  readonly index: number;
}

/** Waits for jobs and takes part in them, for ever. */
async function serve(setup: WorkerSetup, sayReady: () => void): Promise<void> {
  const { names, threads, index } = setup;
  const { elements } = await instantiateKernels(setup.modules, setup.memory);
  const control = controlAt(setup.memory, setup.control, threads);
  const { words } = control;
  let done = Atomics.load(words, STATE) >> JOB_SHIFT;
  sayReady();
  for (;;) {
    let state = Atomics.load(words, STATE);
    for (let spin = 0; spin < SPINS && state >> JOB_SHIFT === done; spin++) {
      state = Atomics.load(words, STATE);
    }
    if (state >> JOB_SHIFT === done) {
      Atomics.add(words, SLEEPERS, 1);
      Atomics.wait(words, STATE, state);
      Atomics.sub(words, SLEEPERS, 1);
      continue;
    }
    if ((state & OPEN) === 0) {
      done = state >> JOB_SHIFT;
      continue;
    }
    if (Atomics.compareExchange(words, STATE, state, state + 1) !== state) {
      continue;
    }
    done = state >> JOB_SHIFT;
    const kernel = elements[names[words[KERNEL]!] as KernelName];
    const numbers = Array.from(control.numbers.subarray(0, words[NUMBER_COUNT]));
    try {
      workThrough(control, index, threads, kernel, numbers);
    } catch {
      Atomics.store(words, FAILED, 1);
    }
    Atomics.sub(words, STATE, 1);
    if (Atomics.load(words, CALLER_SLEEPS) !== 0) {
      Atomics.notify(words, STATE);
    }
  }
}

/** In Node, Bun and Deno. No static import, for pages; and no `require`, which Node lacks under --input-type=module. */
async function startInNode(): Promise<void> {
  const { parentPort, workerData } = await import("node:worker_threads");
  await serve(workerData, () => parentPort!.postMessage("ready"));
}

if (hasNode()) {
  startInNode();
} else {
  addEventListener("message", ({ data }: MessageEvent<WorkerSetup>) => {
    // The page hears of errors, not of rejected promises.
    serve(data, () => postMessage("ready")).catch(reportError);
  });
}
