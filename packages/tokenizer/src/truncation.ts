import { TokenizerError } from "./errors.js";

export type TruncationStrategy = "longest_first" | "only_first" | "only_second" | "do_not_truncate";
export type Side = "left" | "right";

/** Part of a sequence: from one token up to before another. The first window is kept, the others overflow. */
export type Window = readonly [from: number, to: number];

/**
 * Cuts one or two sequences into windows, as the Rust crate does (`utils/truncation.rs`).
 * @param first length of the first sequence. @param second of the second, undefined where there is none.
 * @param room for both, less than they have; special tokens are already taken off.
 */
export function truncate(
  first: number,
  second: number | undefined,
  strategy: TruncationStrategy,
  room: number,
  stride: number,
  side: Side,
): [Window[], Window[]] {
  let keep = [first, second ?? 0];
  const excess = keep[0]! + keep[1]! - room;
  if (room === 0) keep = [0, 0];
  else if (strategy === "longest_first") {
    if (second === undefined) keep[0] = room;
    else {
      let shorter = Math.min(first, second);
      let longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
      if (shorter + longer > room) {
        shorter = room >> 1;
        longer = room - shorter;
      }
      keep = first > second ? [longer, shorter] : [shorter, longer];
    }
  } else {
    const target = strategy === "only_first" ? 0 : 1;
    if (target === 1 && second === undefined) {
      throw new TokenizerError(
        "truncation",
        "Truncation error: Second sequence not provided: 'only_second' truncates pairs",
      );
    }
    if (keep[target]! <= excess) {
      throw new TokenizerError(
        "truncation",
        `Truncation error: Sequence to truncate too short to respect the provided max_length: '${strategy}' would have to take ${excess} of its ${keep[target]} tokens`,
        { strategy, excess, tokens: keep[target] },
      );
    }
    keep[target]! -= excess;
  }
  return [windows(first, keep[0]!, stride, side), windows(second ?? 0, keep[1]!, stride, side)];
}

/** Windows of `room` tokens that overlap by `stride`, beginning at the side that is kept (`Encoding::truncate`). */
function windows(length: number, room: number, stride: number, side: Side): Window[] {
  if (room >= length) return [[0, length]];
  // With no room at all everything is one overflowing window.
  const result: Window[] =
    room === 0
      ? [
          [0, 0],
          [0, length],
        ]
      : [];
  if (room > 0 && stride >= room) {
    throw new TokenizerError(
      "truncation",
      `\`stride\` must be strictly less than \`max_len=${room}\` (note that \`max_len\` may be shorter than the max length of the original model, as it subtracts the number of special characters: stride is ${stride}`,
      { stride, room },
    );
  }
  for (let done = 0; room > 0; done += room - stride) {
    const end = Math.min(done + room, length);
    // From the right, windows are as long, but the last one ends where the text begins.
    result.push(side === "right" ? [done, end] : [length - end, length - done]);
    if (end === length) break;
  }
  return result;
}
