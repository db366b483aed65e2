import { TokenizerError } from "./errors.js";

export type TruncationStrategy = "longest_first" | "only_first" | "only_second" | "do_not_truncate";
export type Side = "left" | "right";

export interface Truncation {
  readonly strategy: TruncationStrategy;
  /** Room for both sequences, special tokens already taken off. */
  readonly maxLength: number;
  readonly stride: number;
  readonly side: Side;
}

/** Part of a sequence: from one token up to before another. The first window is kept, the others overflow. */
export type Window = readonly [from: number, to: number];

const SHORT = "Truncation error: Sequence to truncate too short to respect the provided max_length";

/**
 * Cuts one or two sequences of the given lengths into windows, as the Rust crate does (`utils/truncation.rs`).
 * @param second length of the second sequence, undefined where there is none.
 */
export function truncate(first: number, second: number | undefined, truncation: Truncation): [Window[], Window[]] {
  const { strategy, maxLength, stride, side } = truncation;
  const total = first + (second ?? 0);
  const uncut: [Window[], Window[]] = [[[0, first]], [[0, second ?? 0]]];
  if (strategy === "do_not_truncate" || total <= maxLength) return uncut;
  const cut = (length: number, room: number): Window[] => windows(length, room, stride, side);
  if (maxLength === 0) return [cut(first, 0), cut(second ?? 0, 0)];
  if (strategy === "longest_first") {
    if (second === undefined) return [cut(first, maxLength), uncut[1]];
    let shorter = Math.min(first, second);
    let longer = shorter > maxLength ? shorter : Math.max(shorter, maxLength - shorter);
    if (shorter + longer > maxLength) {
      shorter = Math.floor(maxLength / 2);
      longer = shorter + (maxLength % 2);
    }
    return first > second ? [cut(first, longer), cut(second, shorter)] : [cut(first, shorter), cut(second, longer)];
  }
  const target = strategy === "only_first" ? first : second;
  if (target === undefined) {
    throw new TokenizerError(
      "truncation",
      "Truncation error: Second sequence not provided: truncation is 'only_second' and there is one sequence; give a pair or use 'only_first'",
      { strategy },
    );
  }
  const room = target - (total - maxLength);
  if (room <= 0) {
    throw new TokenizerError(
      "truncation",
      `${SHORT}: ${total} tokens must come down to ${maxLength} and the sequence that '${strategy}' cuts has ${target}; use 'longest_first' or a larger max_length`,
      { strategy, tokens: total, room: maxLength, sequence: target },
    );
  }
  return strategy === "only_first" ? [cut(first, room), uncut[1]] : [uncut[0], cut(target, room)];
}

/** Windows of `room` tokens that overlap by `stride`, from the side that is kept (`Encoding::truncate`). */
function windows(length: number, room: number, stride: number, side: Side): Window[] {
  if (room >= length) return [[0, length]];
  if (room === 0) {
    return [
      [0, 0],
      [0, length],
    ];
  }
  if (stride >= room) {
    throw new TokenizerError(
      "truncation",
      `\`stride\` must be strictly less than \`max_len=${room}\` (note that \`max_len\` may be shorter than the max length of the original model, as it subtracts the number of special characters: stride is ${stride}; lower it or raise max_length`,
      { stride, room },
    );
  }
  const result: Window[] = [];
  const step = room - stride;
  if (side === "right") {
    for (let from = 0; ; from += step) {
      const to = Math.min(from + room, length);
      result.push([from, to]);
      if (to === length) return result;
    }
  }
  for (let to = length; ; to -= step) {
    const from = Math.max(to - room, 0);
    result.push([from, to]);
    if (from === 0) return result;
  }
}
