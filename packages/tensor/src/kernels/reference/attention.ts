import type { AttentionArguments } from "../../attention-arguments.js";
import type { AttentionGradientArguments } from "../../gradient-kernels.js";
import { dropoutFactor, dropped } from "./element-gradients.js";

/** What both directions need of the arguments. */
type ScoreArguments = Omit<AttentionArguments, "output" | "probabilities">;

/** One query of one head, and the keys that it may attend to. */
interface Query {
  readonly sequence: number;
  /** First token of the sequence. */
  readonly start: number;
  readonly length: number;
  readonly head: number;
  /** Position of the query within the sequence. */
  readonly token: number;
  /** Softmax of the scores, `length` numbers. */
  readonly probabilities: Float64Array;
  /** What a key's probability is multiplied by before it weighs the value: dropout, then the head mask. */
  readonly factor: (key: number) => number;
}

/** Calls `visit` for every query of every head and sequence. */
function eachQuery(args: ScoreArguments, visit: (query: Query) => void): void {
  const { query, key, sequences, heads, scale, mask, headMask, dropout } = args;
  const { offsets } = sequences;
  const q = query.storage.float32();
  const k = key.storage.float32();
  const size = query.columns / heads;
  const count = offsets.length - 1;
  const tokens = offsets.at(-1)!;
  const longest = longestSequence(offsets);
  const dropFactor = dropout === null ? () => 1 : dropoutFactor(dropout);
  const maskRowPerToken = mask !== null && mask.rows !== count;
  for (let sequence = 0; sequence < count; sequence++) {
    const start = offsets[sequence]!;
    const length = offsets[sequence + 1]! - start;
    const probabilities = new Float64Array(length);
    for (let head = 0; head < heads; head++) {
      const headFactor = headMask === null ? 1 : headMask.storage.float32()[headMask.offset + head]!;
      for (let token = 0; token < length; token++) {
        const queryAt = query.offset + (start + token) * query.stride + head * size;
        let largest = Number.NEGATIVE_INFINITY;
        for (let other = 0; other < length; other++) {
          const keyAt = key.offset + (start + other) * key.stride + head * size;
          let dot = 0;
          for (let i = 0; i < size; i++) {
            dot += q[queryAt + i]! * k[keyAt + i]!;
          }
          let score = dot * scale;
          if (mask !== null) {
            const row = maskRowPerToken ? start + token : sequence;
            // In float32 a score vanishes beside the mask's huge value, so that a query whose keys are all masked
            // attends to all of them alike, as in the reference.
            score = Math.fround(score + mask.storage.float32()[mask.offset + row * mask.stride + other]!);
          }
          probabilities[other] = score;
          largest = Math.max(largest, score);
        }
        let sum = 0;
        for (let other = 0; other < length; other++) {
          probabilities[other] = Math.exp(probabilities[other]! - largest);
          sum += probabilities[other]!;
        }
        for (let other = 0; other < length; other++) {
          probabilities[other]! /= sum;
        }
        const first = (head * tokens + start + token) * longest;
        const factor = (other: number) => dropFactor(first + other) * headFactor;
        visit({ sequence, start, length, head, token, probabilities, factor });
      }
    }
  }
}

export function longestSequence(offsets: readonly number[]): number {
  return offsets.reduce((longest, end, index) => Math.max(longest, end - (offsets[index - 1] ?? end)), 0);
}

/** Scaled dot-product attention within each sequence, a query and a head at a time (see `Backend.attention`). */
export function attention(args: AttentionArguments): void {
  const { value, heads, probabilities, output } = args;
  const v = value.storage.float32();
  const y = output.storage.float32();
  const size = output.columns / heads;
  eachQuery(args, (query) => {
    const { sequence, start, length, head, token, factor } = query;
    const weights = query.probabilities.map((probability, other) => dropped(probability, factor(other)));
    if (probabilities !== null) {
      const row = (sequence * heads + head) * length + token;
      probabilities.storage.float32().set(weights, probabilities.offset + row * probabilities.stride);
    }
    const outputAt = output.offset + (start + token) * output.stride + head * size;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let other = 0; other < length; other++) {
        sum += weights[other]! * v[value.offset + (start + other) * value.stride + head * size + i]!;
      }
      y[outputAt + i] = sum;
    }
  });
}

/**
 * Probabilities are computed again rather than kept. With `a = p · factor` the weights of the values: `dV = aᵀ dO`,
 * `dp = dO Vᵀ · factor`, `ds = p · (dp - Σ p dp) · scale`, `dQ = ds K`, `dK = dsᵀ Q`.
 */
export function attentionGradient(args: AttentionGradientArguments): void {
  const { query, key, value, heads, scale, outputGradient, queryGradient, keyGradient, valueGradient } = args;
  const q = query.storage.float32();
  const k = key.storage.float32();
  const v = value.storage.float32();
  const dy = outputGradient.storage.float32();
  const size = query.columns / heads;
  const width = query.columns;
  const queries = new Float64Array(query.rows * width);
  const keys = new Float64Array(query.rows * width);
  const values = new Float64Array(query.rows * width);
  eachQuery(args, ({ start, length, head, token, probabilities, factor }) => {
    const gradAt = outputGradient.offset + (start + token) * outputGradient.stride + head * size;
    const probabilityGradients = new Float64Array(length);
    let mean = 0;
    for (let other = 0; other < length; other++) {
      const multiplier = factor(other);
      const to = (start + other) * width + head * size;
      let dot = 0;
      for (let i = 0; i < size; i++) {
        dot += dy[gradAt + i]! * v[value.offset + (start + other) * value.stride + head * size + i]!;
        values[to + i]! += dropped(probabilities[other]!, multiplier) * dy[gradAt + i]!;
      }
      probabilityGradients[other] = dropped(dot, multiplier);
      mean += probabilities[other]! * probabilityGradients[other]!;
    }
    for (let other = 0; other < length; other++) {
      const scoreGradient = probabilities[other]! * (probabilityGradients[other]! - mean) * scale;
      for (let i = 0; i < size; i++) {
        const column = head * size + i;
        queries[(start + token) * width + column]! +=
          scoreGradient * k[key.offset + (start + other) * key.stride + column]!;
        keys[(start + other) * width + column]! +=
          scoreGradient * q[query.offset + (start + token) * query.stride + column]!;
      }
    }
  });
  for (const [gradient, sums] of [
    [queryGradient, queries],
    [keyGradient, keys],
    [valueGradient, values],
  ] as const) {
    if (gradient !== null) {
      const g = gradient.storage.float32();
      for (let row = 0; row < gradient.rows; row++) {
        for (let column = 0; column < width; column++) {
          g[gradient.offset + row * gradient.stride + column]! += sums[row * width + column]!;
        }
      }
    }
  }
}
