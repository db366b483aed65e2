import { MIX_FIRST, MIX_SECOND } from "./kernels/constants.js";

/**
 * Which elements are dropped: element `i` of a tensor in row-major order is kept when `dropoutBits(seed, i)`, a 32-bit
 * number, is at least `rate * 2^32`, and is then scaled by `1 / (1 - rate)`. Nothing is stored: the backward pass asks
 * again, and every backend and any number of threads gives the same answer.
 */
export interface Dropout {
  /** In [0, 1). */
  readonly rate: number;
  /** Two 32-bit integers. */
  readonly seed: readonly [number, number];
}

/** Mixes 32 bits so that every input bit changes every output bit with a probability near one half ("lowbias32"). */
function mix(bits: number): number {
  let x = bits;
  x = Math.imul(x ^ (x >>> 16), MIX_FIRST);
  x = Math.imul(x ^ (x >>> 15), MIX_SECOND);
  return x ^ (x >>> 15);
}

/**
 * The random 32 bits of an element, a function of its number alone (a counter-based generator), so that any thread
 * computes them in any order: `mix(mix(index + seed[0]) ^ seed[1])`.
 */
export function dropoutBits(seed: readonly [number, number], index: number): number {
  return mix(mix((index + seed[0]) | 0) ^ seed[1]) >>> 0;
}

/** Elements whose bits are below this are dropped. */
export function dropoutThreshold(rate: number): number {
  return Math.min(2 ** 32 - 1, Math.round(rate * 2 ** 32));
}

/** What kept elements are multiplied by, a float32: the mean stays. */
export function dropoutScale(rate: number): number {
  return Math.fround(1 / (1 - rate));
}

/**
 * Gives each dropout of a training step a seed of its own, from the run's seed and the step's number. A pass that is
 * repeated (gradient checkpointing) sets `position` back to where it began and gets the same seeds again.
 */
export class DropoutGenerator {
  readonly #seed: readonly [number, number];
  /** Seeds given so far. */
  position = 0;

  constructor(seed: number, step: number) {
    this.#seed = [seed | 0, step | 0];
  }

  /** The next dropout of this rate; null for a rate of 0. */
  next(rate: number): Dropout | null {
    if (rate === 0) {
      return null;
    }
    const at = 2 * this.position++;
    return { rate, seed: [dropoutBits(this.#seed, at) | 0, dropoutBits(this.#seed, at + 1) | 0] };
  }
}
