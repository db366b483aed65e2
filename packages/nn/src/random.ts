/**
 * A seeded generator of normally distributed numbers: xoshiro128** (Blackman and Vigna 2018) seeded by splitmix32, and
 * the polar method of Marsaglia. The same seed gives the same numbers on every engine.
 */
export class Random {
  readonly #state = new Uint32Array(4);
  #spare: number | null = null;

  /** Without a seed it starts from the engine's own random numbers. */
  constructor(seed: number = Math.floor(Math.random() * 2 ** 32)) {
    let word = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      word = (word + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.#state[i] = mixed ^ (mixed >>> 15);
    }
  }

  /** Uniform in [0, 1) with 32 random bits. */
  uniform(): number {
    const s = this.#state;
    const product = Math.imul(s[1]!, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result / 2 ** 32;
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
