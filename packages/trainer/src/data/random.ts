/** Numbers from 0 (included) to 1 (excluded). */
export type RandomSource = () => number;

/**
 * A generator of evenly distributed numbers (sfc32 by Chris Doty-Humphrey, PractRand) whose sequence depends on the
 * seeds alone: the same ones give the same numbers everywhere. Seeds are whole numbers; each counts in full.
 */
export function seededRandom(...seeds: readonly number[]): RandomSource {
  const [a0, b0, c0] = mix(seeds);
  let a = a0;
  let b = b0;
  let c = c0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
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

/**
 * The order in which an epoch visits `length` examples: a permutation that depends on seed and epoch alone (Fisher and
 * Yates' shuffle).
 */
export function epochOrder(length: number, seed: number, epoch: number): Uint32Array {
  const random = seededRandom(seed, epoch);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}
