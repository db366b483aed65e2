import { seededRandom } from "@convbert/tensor/internal";

/** Numbers from 0 (included) to 1 (excluded). */
export type RandomSource = () => number;

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
