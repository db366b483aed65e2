import type { Row } from "./mapping.js";
import { numberOf } from "./row.js";

/** How far numbers that were rounded may add up beside 1. */
export const LIKELIHOOD_TOLERANCE = 0.02;

/**
 * How likely each class is by name, scaled to add up to 1, which rounded numbers miss by a little; undefined where they are no
 * such numbers.
 */
export function likelihoodsIn(value: Row, nameOf = (name: string): string => name): Record<string, number> | undefined {
  const named = Object.entries(value).map(([name, item]) => [nameOf(name), numberOf(item)] as const);
  const sum = named.reduce((total, [, item]) => total + (item ?? Number.NaN), 0);
  if (named.some(([, item]) => item === undefined || item < 0)) return undefined;
  if (!(Math.abs(sum - 1) <= LIKELIHOOD_TOLERANCE)) return undefined;
  return Object.fromEntries(named.map(([name, item]) => [name, item! / sum]));
}
