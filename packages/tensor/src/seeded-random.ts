/**
 * A generator of 32 random bits at a time (sfc32 by Chris Doty-Humphrey, PractRand) whose sequence depends on the seeds
 * alone: the same ones give the same numbers on every engine. Seeds are whole numbers; each counts in full.
 */
export function seededBits(...seeds: readonly number[]): () => number {
  // In an array: variables of the closure are slower.
  const state = Int32Array.of(...mix(seeds), 1);
  const next = (): number => {
    const b = state[1]!;
    const c = state[2]!;
    const sum = (state[0]! + b + state[3]!++) | 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** Numbers evenly distributed from 0 (included) to 1 (excluded), by {@link seededBits}. */
export function seededRandom(...seeds: readonly number[]): () => number {
  const next = seededBits(...seeds);
  // 53 bits, so that large lists are shuffled evenly, too.
  return () => ((next() >>> 6) * 0x8000000 + (next() >>> 5)) / 0x20000000000000;
}

/** Three words out of any number of seeds (MurmurHash3's mixing). */
function mix(seeds: readonly number[]): [number, number, number] {
  const state: [number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
  const words = seeds.flatMap((seed) => [seed | 0, Math.floor(seed / 0x100000000) | 0]);
  for (const word of [...words, seeds.length]) {
    for (let i = 0; i < 3; i++) {
      let hash = state[i as 0] ^ Math.imul(word ^ (i * 0x85ebca6b), 0xcc9e2d51);
      hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      state[i as 0] = (hash ^ (hash >>> 16)) + Math.imul(i + 1, 0x27d4eb2f);
    }
  }
  return [state[0] | 0, state[1] | 0, state[2] | 0];
}
