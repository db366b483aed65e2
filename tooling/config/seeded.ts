// For tests and tools: the library's generator in the shapes that they need, the same numbers in every run.
import { seededRandom } from "../../packages/tensor/src/seeded-random.ts";

export { seededRandom };

/** A whole number from 0 to below `below`. */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

/** Numbers between -scale and scale. */
export function seededNumbers(count: number, seed: number, scale = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => (2 * random() - 1) * scale);
}
