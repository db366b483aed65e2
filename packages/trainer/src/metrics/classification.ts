import {
  type AveragedScores,
  averages,
  type LabelCounts,
  type LabelScores,
  type Metric,
  MetricError,
  ratio,
  sameLength,
  scoresOf,
} from "./metric.js";

export interface ClassificationScores extends AveragedScores {
  readonly accuracy: number;
  /** Matthews' correlation coefficient, for any number of classes (Gorodkin 2004). */
  readonly matthews: number;
  /** Scores by class, of those that were predicted or expected. */
  readonly labels: ReadonlyMap<number, LabelScores>;
  readonly count: number;
}

/**
 * Accuracy, precision, recall, F1 and Matthews' coefficient of single classes (sklearn.metrics `accuracy_score`,
 * `precision_recall_fscore_support`, `matthews_corrcoef`). Averages go over the classes that occur. Classes are whole
 * numbers from 0 on; an expected class below 0 (-100) is left out.
 */
export class ClassificationMetric
  implements Metric<[predicted: ArrayLike<number>, expected: ArrayLike<number>], ClassificationScores>
{
  readonly #counts = new Map<number, LabelCounts>();
  #right = 0;
  #count = 0;

  /** Throws MetricError for lists of different lengths and classes that are no whole numbers. */
  update(predicted: ArrayLike<number>, expected: ArrayLike<number>): void {
    sameLength(predicted, expected);
    for (let i = 0; i < expected.length; i++) {
      const [guess, truth] = [predicted[i]!, expected[i]!];
      if (truth < 0) continue;
      const guessed = this.#of(guess);
      const true_ = this.#of(truth);
      guessed.predicted++;
      true_.expected++;
      this.#count++;
      if (guess === truth) {
        true_.both++;
        this.#right++;
      }
    }
  }

  compute(): ClassificationScores {
    const counts = [...this.#counts].sort(([a], [b]) => a - b);
    const values = counts.map(([, count]) => count);
    const sum = (of: (count: LabelCounts) => number): number => values.reduce((total, count) => total + of(count), 0);
    const n = this.#count;
    const covariance = this.#right * n - sum(({ predicted, expected }) => predicted * expected);
    const ofPredicted = n * n - sum(({ predicted }) => predicted * predicted);
    const ofExpected = n * n - sum(({ expected }) => expected * expected);
    return {
      accuracy: ratio(this.#right, n),
      matthews: ratio(covariance, Math.sqrt(ofPredicted * ofExpected)),
      ...averages(values),
      labels: new Map(counts.map(([label, count]) => [label, scoresOf(count)])),
      count: n,
    };
  }

  reset(): void {
    this.#counts.clear();
    this.#right = 0;
    this.#count = 0;
  }

  #of(label: number): LabelCounts {
    if (!Number.isSafeInteger(label) || label < 0) throw new MetricError(`${label} is no class`);
    let counts = this.#counts.get(label);
    if (!counts) {
      counts = { both: 0, predicted: 0, expected: 0 };
      this.#counts.set(label, counts);
    }
    return counts;
  }
}

export interface MultiLabelScores extends AveragedScores {
  /** Share of the rows whose labels are all as expected (sklearn's `accuracy_score` of label matrices). */
  readonly subsetAccuracy: number;
  readonly labels: readonly LabelScores[];
  readonly count: number;
}

/** Scores of several labels a row. A label is on where the value is above `threshold` (logits: 0, the default). */
export class MultiLabelMetric
  implements Metric<[predicted: ArrayLike<number>, expected: ArrayLike<number>], MultiLabelScores>
{
  readonly #labels: number;
  readonly #threshold: number;
  #counts: LabelCounts[] = [];
  #exact = 0;
  #rows = 0;

  /** @param threshold 0 for logits, which is a probability of one half. */
  constructor(numLabels: number, { threshold = 0 }: { readonly threshold?: number } = {}) {
    if (!Number.isSafeInteger(numLabels) || numLabels < 1) throw new MetricError(`${numLabels} is no number of labels`);
    this.#labels = numLabels;
    this.#threshold = threshold;
    this.reset();
  }

  /** @param predicted logits `[rows, labels]`. @param expected 0 or 1, of the same shape. Throws MetricError. */
  update(predicted: ArrayLike<number>, expected: ArrayLike<number>): void {
    sameLength(predicted, expected);
    if (predicted.length % this.#labels !== 0) {
      throw new MetricError(`${predicted.length} values are no rows of ${this.#labels} labels`);
    }
    for (let row = 0; row < predicted.length; row += this.#labels) {
      let exact = true;
      for (let label = 0; label < this.#labels; label++) {
        const value = predicted[row + label]!;
        if (Number.isNaN(value)) throw new MetricError("a prediction is NaN");
        const guess = value > this.#threshold;
        const truth = expected[row + label]! > 0.5;
        const counts = this.#counts[label]!;
        counts.predicted += Number(guess);
        counts.expected += Number(truth);
        counts.both += Number(guess && truth);
        exact &&= guess === truth;
      }
      this.#exact += Number(exact);
      this.#rows++;
    }
  }

  compute(): MultiLabelScores {
    return {
      subsetAccuracy: ratio(this.#exact, this.#rows),
      ...averages(this.#counts),
      labels: this.#counts.map(scoresOf),
      count: this.#rows,
    };
  }

  reset(): void {
    this.#counts = Array.from({ length: this.#labels }, () => ({ both: 0, predicted: 0, expected: 0 }));
    this.#exact = 0;
    this.#rows = 0;
  }
}

/** Index of the largest value of each row of `[rows, width]`, the first of equals. Throws MetricError for NaN. */
export function argmaxRows(values: ArrayLike<number>, width: number): Int32Array {
  if (!Number.isSafeInteger(width) || width < 1 || values.length % width !== 0) {
    throw new MetricError(`${values.length} values are no rows of ${width}`);
  }
  const best = new Int32Array(values.length / width);
  for (let row = 0; row < best.length; row++) {
    const start = row * width;
    for (let i = 0; i < width; i++) {
      if (Number.isNaN(values[start + i]!)) throw new MetricError("a prediction is NaN");
      if (values[start + i]! > values[start + best[row]!]!) best[row] = i;
    }
  }
  return best;
}
