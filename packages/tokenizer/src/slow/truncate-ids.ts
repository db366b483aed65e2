import { type ResolvedCall, warnOnce } from "../call-options.js";

/**
 * Takes `excess` ids away from one or two sequences (`truncate_sequences` of the reference).
 * @returns what is left of both, and what was cut with `stride` of its neighbours.
 */
export function truncateIds(
  first: readonly number[],
  second: readonly number[] | undefined,
  excess: number,
  { truncation, stride, truncation_side, verbose }: ResolvedCall,
): [number[], number[] | undefined, number[]] {
  const isLeft = truncation_side === "left";
  const without = (ids: readonly number[], count: number): number[] =>
    isLeft ? ids.slice(count) : ids.slice(0, ids.length - count);
  if (truncation === "longest_first" && second) {
    let [a, b] = [first.length, second.length];
    for (let i = 0; i < excess && a + b > 0; i++) {
      if (a > b) a--;
      else if (b > 0) b--;
    }
    return [without(first, first.length - a), without(second, second.length - b), []];
  }
  const target = truncation === "do_not_truncate" ? undefined : truncation === "only_second" ? second : first;
  if (!target || target.length <= excess) {
    if (target && verbose)
      warnOnce(`A sequence is too short for '${truncation}' to respect max_length: it stays as it is.`);
    return [[...first], second && [...second], []];
  }
  const kept = without(target, excess);
  const count = Math.min(target.length, stride + excess);
  const cut = isLeft ? target.slice(0, count) : target.slice(target.length - count);
  return target === second ? [[...first], kept, cut] : [kept, second && [...second], cut];
}
