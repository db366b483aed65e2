import type { Dropout } from "./dropout.js";
import type { Matrix, Sequences } from "./operands.js";

/** Arguments of {@link Backend.attention}. */
export interface AttentionArguments {
  /** `[tokens, heads * size]` each. */
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
  readonly sequences: Sequences;
  readonly heads: number;
  /** Factor on the scores, `1 / sqrt(size)`. */
  readonly scale: number;
  /**
   * Added to the scaled scores; columns are key positions within the sequence. One row a sequence (the same keys for
   * every query), or one row a token (its own keys for each query).
   */
  readonly mask: Matrix | null;
  /** `[1, heads]`, multiplies the probabilities. */
  readonly headMask: Matrix | null;
  /**
   * Drops probabilities before the head mask. The element of head `h`, token `t` (of all sequences) and key `k` (of its
   * sequence) has the number `(h * tokens + t) * longest + k`, modulo 2^32, `longest` being the longest sequence.
   */
  readonly dropout: Dropout | null;
  /** `[sequences * heads * length, length]`, only for sequences of one length: receives the probabilities. */
  readonly probabilities: Matrix | null;
  /** `[tokens, heads * size]`. */
  readonly output: Matrix;
}
