import { type Metric, MetricError, sameLength } from "./metric.js";

export interface RegressionScores {
  /** Pearson's correlation; NaN where either side does not vary, as in scipy. */
  readonly pearson: number;
  /** Spearman's correlation: that of the ranks, equals sharing the mean of theirs. */
  readonly spearman: number;
  readonly meanSquaredError: number;
  readonly meanAbsoluteError: number;
  readonly count: number;
}

/**
 * Correlations and errors of predicted numbers (scipy.stats `pearsonr` and `spearmanr`). Ranks need all values, so
 * 16 bytes a prediction are kept.
 */
export class RegressionMetric
  implements Metric<[predicted: ArrayLike<number>, expected: ArrayLike<number>], RegressionScores>
{
  #predicted: number[] = [];
  #expected: number[] = [];

  /** Throws MetricError for lists of different lengths and what is no finite number. */
  update(predicted: ArrayLike<number>, expected: ArrayLike<number>): void {
    sameLength(predicted, expected);
    for (let i = 0; i < expected.length; i++) {
      if (!Number.isFinite(predicted[i]) || !Number.isFinite(expected[i])) {
        throw new MetricError(`${predicted[i]} for ${expected[i]}: both must be finite numbers`);
      }
      this.#predicted.push(predicted[i]!);
      this.#expected.push(expected[i]!);
    }
  }

  compute(): RegressionScores {
    const count = this.#expected.length;
    let squares = 0;
    let absolutes = 0;
    for (let i = 0; i < count; i++) {
      const difference = this.#predicted[i]! - this.#expected[i]!;
      squares += difference * difference;
      absolutes += Math.abs(difference);
    }
    return {
      pearson: correlation(this.#predicted, this.#expected),
      spearman: correlation(ranks(this.#predicted), ranks(this.#expected)),
      meanSquaredError: squares / count,
      meanAbsoluteError: absolutes / count,
      count,
    };
  }

  reset(): void {
    this.#predicted = [];
    this.#expected = [];
  }
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const centredA = centred(a);
  const centredB = centred(b);
  if (!centredA || !centredB) return Number.NaN;
  let product = 0;
  for (let i = 0; i < centredA.length; i++) product += centredA[i]! * centredB[i]!;
  return Math.max(-1, Math.min(1, product));
}

/** Values less their mean, of length 1; undefined where they do not vary. */
function centred(values: ArrayLike<number>): Float64Array | undefined {
  const count = values.length;
  let constant = true;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += values[i]!;
    constant &&= values[i] === values[0];
  }
  if (constant) return undefined;
  const mean = sum / count;
  const result = Float64Array.from({ length: count }, (_, i) => values[i]! - mean);
  const norm = Math.sqrt(result.reduce((total, value) => total + value * value, 0));
  return result.map((value) => value / norm);
}

function ranks(values: readonly number[]): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) result[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return result;
}

/** Perplexity: e to the mean loss a token. Show it mean losses with the number of tokens each is of. */
export class PerplexityMetric
  implements Metric<[meanLoss: number, tokens: number], { perplexity: number; loss: number; tokens: number }>
{
  #sum = 0;
  #tokens = 0;

  /** @param tokens labels that count, those of -100 left out. A batch without any adds nothing, whatever its loss. */
  update(meanLoss: number, tokens: number): void {
    if (!Number.isSafeInteger(tokens) || tokens < 0) throw new MetricError(`${tokens} is no number of tokens`);
    if (tokens === 0) return;
    if (Number.isNaN(meanLoss)) throw new MetricError("the loss is NaN");
    this.#sum += meanLoss * tokens;
    this.#tokens += tokens;
  }

  /** NaN where nothing was shown. */
  compute(): { perplexity: number; loss: number; tokens: number } {
    const loss = this.#sum / this.#tokens;
    return { perplexity: Math.exp(loss), loss, tokens: this.#tokens };
  }

  reset(): void {
    this.#sum = 0;
    this.#tokens = 0;
  }
}
