export { seededNumbers as numbers } from "../../../tooling/config/seeded.ts";

/**
 * Largest absolute difference, relative to the largest expected magnitude, or to `least` where that is smaller: of a sum whose
 * terms cancel only the rounding is left. NaN where only one side is NaN.
 */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>, least = 1e-30): number {
  if (actual.length !== expected.length) {
    return Number.NaN;
  }
  let difference = 0;
  let largest = least;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i]!) && Number.isNaN(expected[i]!)) {
      continue;
    }
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(gap)) {
      return Number.NaN;
    }
    difference = Math.max(difference, gap);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}
