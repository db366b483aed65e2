import { CACHE_LINE } from "../../constants.js";
import { MOST_NUMBERS } from "../../generated/calls.js";

// The block of shared memory through which a pool and its workers speak. A job is one kernel over a number of units in
// chunks. Each thread has a range of chunks of its own, works through it from the front, and then takes the last chunks of
// the others: neighbouring results are written by one core, and nobody waits for a thread that the system has put aside.
// Kernels give the same result for any split.

/** Words of the control block. The state: number of the job, whether it is open, and how many workers are in it. */
export const STATE = 0;
export const SLEEPERS = 1;
export const KERNEL = 2;
export const UNITS = 3;
export const CHUNK = 4;
export const NUMBER_COUNT = 5;
export const FAILED = 6;
export const CALLER_SLEEPS = 7;

/** Parts of the state: below, the number of workers. */
export const OPEN = 1 << 9;
export const WORKERS = OPEN - 1;
export const JOB_SHIFT = 10;
export const JOBS = 1 << 20;

/** Byte where the kernel's numbers start, as float64. */
const NUMBERS_START = CACHE_LINE;
/** Byte where the threads' ranges start, each in a cache line of its own: the next chunk, and behind the last one. */
const RANGES_START = NUMBERS_START + Math.ceil((MOST_NUMBERS * 8) / CACHE_LINE) * CACHE_LINE;
/** Where the next chunk stands in the word of a range; the other bits have the end. */
const NEXT_SHIFT = 16;
const END = (1 << NEXT_SHIFT) - 1;
/** Chunks of a job at most. */
export const MOST_CHUNKS = 1 << (NEXT_SHIFT - 1);

/** How often a thread looks for news before it sleeps: jobs follow each other within microseconds. */
export const SPINS = 20_000;

/** Bytes of the control block of a pool. */
export function controlBytes(threads: number): number {
  return RANGES_START + threads * CACHE_LINE;
}

/** Views of a control block. */
export interface Control {
  readonly words: Int32Array;
  /** The numbers of the job's kernel. */
  readonly numbers: Float64Array;
}

export function controlAt(memory: WebAssembly.Memory, address: number, threads: number): Control {
  return {
    words: new Int32Array(memory.buffer, address, controlBytes(threads) / 4),
    numbers: new Float64Array(memory.buffer, address + NUMBERS_START, MOST_NUMBERS),
  };
}

/** Shares a job's chunks out to the threads. */
export function divideChunks({ words }: Control, chunks: number, threads: number): void {
  for (let thread = 0; thread < threads; thread++) {
    const next = Math.floor((thread * chunks) / threads);
    const end = Math.floor(((thread + 1) * chunks) / threads);
    words[rangeWord(thread)] = (next << NEXT_SHIFT) | end;
  }
}

/** Runs a kernel over chunks of units, its own thread's first, until none is left. */
export function workThrough(
  { words }: Control,
  thread: number,
  threads: number,
  kernel: (...numbers: number[]) => void,
  numbers: readonly number[],
): void {
  const units = words[UNITS]!;
  const chunk = words[CHUNK]!;
  for (let other = 0; other < threads; other++) {
    const isOwn = other === 0;
    const range = rangeWord((thread + other) % threads);
    for (let index = takeChunk(words, range, isOwn); index >= 0; index = takeChunk(words, range, isOwn)) {
      const begin = index * chunk;
      kernel(...numbers, begin, Math.min(begin + chunk, units));
    }
  }
}

/** The first chunk of a range, or the last one; -1 when there is none. */
function takeChunk(words: Int32Array, range: number, fromFront: boolean): number {
  for (;;) {
    const seen = Atomics.load(words, range);
    const next = seen >> NEXT_SHIFT;
    const end = seen & END;
    if (next >= end) {
      return -1;
    }
    const left = fromFront ? seen + (1 << NEXT_SHIFT) : seen - 1;
    if (Atomics.compareExchange(words, range, seen, left) === seen) {
      return fromFront ? next : end - 1;
    }
  }
}

/** Where a thread's range is among the words. */
function rangeWord(thread: number): number {
  return (RANGES_START + thread * CACHE_LINE) / 4;
}
