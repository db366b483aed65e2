/** Counts up what it is shown, so that an evaluation need not keep its predictions. */
export interface Metric<Update extends readonly unknown[], Scores> {
  update(...shown: Update): void;
  /** The scores of all that was shown since the beginning or the last `reset`. */
  compute(): Scores;
  reset(): void;
}

/** A metric was shown what does not go together: lists of different lengths, labels out of range. */
export class MetricError extends Error {
  override readonly name = "MetricError";
}

/** Throws MetricError unless there are as many of both. */
export function sameLength(predicted: { readonly length: number }, expected: { readonly length: number }): void {
  if (predicted.length === expected.length) return;
  throw new MetricError(`there are ${predicted.length} predictions for ${expected.length} expected values`);
}

/** 0 where nothing is divided by nothing, as sklearn and seqeval do by default. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Precision, recall and their harmonic mean. */
export interface PrecisionRecall {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Those of one label, and how often it was expected. */
export interface LabelScores extends PrecisionRecall {
  readonly support: number;
}

/** Counts of one label. */
export interface LabelCounts {
  /** Predicted and expected. */
  both: number;
  predicted: number;
  expected: number;
}

/** Scores of counts; F1 is 2·both / (predicted + expected). */
export function scoresOf({ both, predicted, expected }: Readonly<LabelCounts>): LabelScores {
  return {
    precision: ratio(both, predicted),
    recall: ratio(both, expected),
    f1: ratio(2 * both, predicted + expected),
    support: expected,
  };
}

/** How the scores of labels become one: of all counts together, their mean, or their mean by support. */
export interface AveragedScores {
  readonly micro: PrecisionRecall;
  readonly macro: PrecisionRecall;
  readonly weighted: PrecisionRecall;
}

/** The three averages over labels (sklearn's `average`). */
export function averages(counts: readonly Readonly<LabelCounts>[]): AveragedScores {
  const all: LabelCounts = { both: 0, predicted: 0, expected: 0 };
  for (const count of counts) {
    all.both += count.both;
    all.predicted += count.predicted;
    all.expected += count.expected;
  }
  const labels = counts.map(scoresOf);
  const mean = (weight: (scores: LabelScores) => number): PrecisionRecall => {
    const total = labels.reduce((sum, scores) => sum + weight(scores), 0);
    const of = (name: keyof PrecisionRecall): number =>
      ratio(
        labels.reduce((sum, scores) => sum + weight(scores) * scores[name], 0),
        total,
      );
    return { precision: of("precision"), recall: of("recall"), f1: of("f1") };
  };
  const { precision, recall, f1 } = scoresOf(all);
  return { micro: { precision, recall, f1 }, macro: mean(() => 1), weighted: mean(({ support }) => support) };
}
