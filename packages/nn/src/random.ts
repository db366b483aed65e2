import { seededBits } from "@convbert/tensor/internal";

/** Normally distributed numbers by the polar method of Marsaglia. The same seed gives the same numbers on every engine. */
export class Random {
  readonly #bits: () => number;
  #spare: number | null = null;

  /** Without a seed it starts from the engine's own random numbers. */
  constructor(seed: number = Math.floor(Math.random() * 2 ** 32)) {
    this.#bits = seededBits(seed);
  }

  /** Uniform in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.#bits() / 2 ** 32;
  }

  /** Mean 0, standard deviation 1. */
  normal(): number {
    if (this.#spare !== null) {
      const value = this.#spare;
      this.#spare = null;
      return value;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const scale = Math.sqrt((-2 * Math.log(square)) / square);
        this.#spare = y * scale;
        return x * scale;
      }
    }
  }

  fillNormal(target: Float32Array, deviation: number): void {
    for (let i = 0; i < target.length; i++) {
      target[i] = this.normal() * deviation;
    }
  }
}
