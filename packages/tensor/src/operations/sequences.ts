import { ShapeError } from "../errors.js";
import type { Sequences } from "../operands.js";
import type { Tensor } from "../tensor.js";

/** The layout of a padded batch: `batch` sequences of `length` tokens each. */
export function uniformSequences(batch: number, length: number): Sequences {
  return { offsets: Array.from({ length: batch + 1 }, (_, index) => index * length) };
}

/** Throws unless a tensor has one row for each token of the sequences. */
export function expectTokens(operation: string, tensor: Tensor, sequences: Sequences): void {
  const tokens = sequences.offsets.at(-1) ?? 0;
  if (tensor.size !== tokens * tensor.extent(-1)) {
    throw new ShapeError(operation, `one row for each of the ${tokens} tokens`, tensor.shape);
  }
}

/** The common length of all sequences; undefined when they differ. */
export function commonLength({ offsets }: Sequences): number | undefined {
  const length = (offsets[1] ?? 0) - (offsets[0] ?? 0);
  return offsets.every((offset, index) => offset === index * length) ? length : undefined;
}

/** Tokens of the longest sequence. */
export function longestLength({ offsets }: Sequences): number {
  return offsets.reduce((longest, end, index) => Math.max(longest, index === 0 ? 0 : end - offsets[index - 1]!), 0);
}
