import { describe, expect, test } from "vitest";
import {
  ClassificationMetric,
  EntityMetric,
  entitySpans,
  MetricError,
  MultiLabelMetric,
  normalizeAnswer,
  PerplexityMetric,
  RegressionMetric,
  Squad2Metric,
  SquadMetric,
} from "../src/index.js";
import { argmaxRows, chunkSpans } from "../src/internal.js";
import golden from "./fixtures/metrics.json" with { type: "json" };

const close = (value: number, expected: number | null): void => {
  if (expected === null) expect(value).toBeNaN();
  else expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
};

interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

const closeScores = (scores: Scores, expected: Scores): void => {
  for (const name of ["precision", "recall", "f1"] as const) close(scores[name], expected[name]);
};

const AVERAGES = ["micro", "macro", "weighted"] as const;

describe("single classes, as sklearn scores them", () => {
  test.each(golden.classification.map((item, i) => [i, item] as const))("case %i", (_, item) => {
    const metric = new ClassificationMetric();
    // In two parts: what is counted adds up.
    const half = item.expected.length >> 1;
    metric.update(item.predicted.slice(0, half), item.expected.slice(0, half));
    metric.update(item.predicted.slice(half), item.expected.slice(half));
    const scores = metric.compute();
    close(scores.accuracy, item.accuracy);
    close(scores.matthews, item.matthews);
    for (const name of AVERAGES) closeScores(scores[name], item[name]);
    expect([...scores.labels.keys()]).toEqual(item.labels.map(([label]) => label));
    for (const [label, precision, recall, f1, support] of item.labels) {
      const found = scores.labels.get(label!)!;
      closeScores(found, { precision: precision!, recall: recall!, f1: f1! });
      expect(found.support).toBe(support);
    }
  });

  test("labels of -100 are left out; other nonsense is an error", () => {
    const metric = new ClassificationMetric();
    metric.update([1, 0, 1], [1, -100, 0]);
    expect(metric.compute()).toMatchObject({ accuracy: 0.5, count: 2 });
    expect(() => metric.update([1], [1, 2])).toThrow(MetricError);
    expect(() => metric.update([0.5], [1])).toThrow(MetricError);
    expect(() => metric.update([-1], [1])).toThrow(MetricError);
    metric.reset();
    expect(metric.compute()).toMatchObject({ accuracy: 0, matthews: 0, count: 0 });
  });

  test("the largest of each row", () => {
    expect([...argmaxRows([1, 3, 3, -1, -5, -2], 3)]).toEqual([1, 0]);
    expect(() => argmaxRows([1, Number.NaN], 2)).toThrow(MetricError);
    expect(() => argmaxRows([1, 2, 3], 2)).toThrow(MetricError);
  });
});

describe("several labels, as sklearn scores them", () => {
  test.each(golden.multiLabel.map((item, i) => [i, item] as const))("case %i", (_, item) => {
    const metric = new MultiLabelMetric(item.labels);
    metric.update(item.logits, item.expected);
    const scores = metric.compute();
    close(scores.subsetAccuracy, item.subsetAccuracy);
    if (item.micro && item.macro && item.weighted) {
      closeScores(scores.micro, item.micro);
      closeScores(scores.macro, item.macro);
      closeScores(scores.weighted, item.weighted);
    }
    const probabilities = new MultiLabelMetric(item.labels, { threshold: 0.5 });
    probabilities.update(
      item.logits.map((x) => 1 / (1 + Math.exp(-x))),
      item.expected,
    );
    expect(probabilities.compute()).toEqual(scores);
  });

  test("rows that do not fit, and NaN, are errors", () => {
    expect(() => new MultiLabelMetric(2).update([1, 2, 3], [1, 0, 1])).toThrow(MetricError);
    expect(() => new MultiLabelMetric(1).update([Number.NaN], [1])).toThrow(MetricError);
    expect(() => new MultiLabelMetric(0)).toThrow(MetricError);
  });
});

describe("numbers, as scipy scores them", () => {
  test.each(golden.regression)("$kind", (item) => {
    const metric = new RegressionMetric();
    metric.update(item.predicted, item.expected);
    const scores = metric.compute();
    // scipy's own rounding differs where all values stand far from zero.
    const tolerance = item.kind === "offset" ? 1e-6 : 1e-12;
    for (const name of ["pearson", "spearman"] as const) {
      if (item[name] === null) expect(scores[name]).toBeNaN();
      else expect(Math.abs(scores[name] - item[name])).toBeLessThan(tolerance);
    }
    close(scores.meanSquaredError, item.meanSquaredError);
    close(scores.meanAbsoluteError, item.meanAbsoluteError);
  });

  test("what is no number is an error", () => {
    expect(() => new RegressionMetric().update([Number.NaN], [1])).toThrow(MetricError);
    expect(() => new RegressionMetric().update([1], [1, 2])).toThrow(MetricError);
  });

  test("perplexity is of the mean over tokens, not over batches", () => {
    const metric = new PerplexityMetric();
    metric.update(2, 30);
    metric.update(Number.NaN, 0);
    metric.update(4, 10);
    expect(metric.compute()).toEqual({ loss: 2.5, perplexity: Math.exp(2.5), tokens: 40 });
    expect(() => metric.update(Number.NaN, 3)).toThrow(MetricError);
    metric.reset();
    expect(metric.compute().perplexity).toBeNaN();
  });
});

describe("entities, as seqeval scores them", () => {
  test("spans of any tags", () => {
    for (const { tags, entities } of golden.entities.spans) {
      const found = entitySpans(tags).map(({ type, start, end }) => [type, start, end]);
      expect(found, tags.join(" ")).toEqual(entities);
    }
  });

  test("chunks, as the reference training run counts them", () => {
    for (const { tags, chunks } of golden.entities.chunks) {
      const found = chunkSpans(tags).map(({ type, start, end }) => [type, start, end] as const);
      const set = new Set(found.map((span) => JSON.stringify(span)));
      expect(set, tags.join(" ")).toEqual(new Set(chunks.map((span) => JSON.stringify(span))));
    }
  });

  test.each(golden.entities.corpora.map((item, i) => [i, item] as const))("corpus %i", (_, item) => {
    const metric = new EntityMetric();
    metric.update(item.predicted.slice(0, 11), item.expected.slice(0, 11));
    metric.update(item.predicted.slice(11), item.expected.slice(11));
    const scores = metric.compute();
    close(scores.accuracy, item.accuracy);
    type Entry = Record<"precision" | "recall" | "f1-score" | "support", number>;
    const report = item.report as Record<string, Entry>;
    const entries = Object.entries(report).map(([name, entry]) => ({ name, ...entry, f1: entry["f1-score"] }));
    const of = (name: string) => entries.find((entry) => entry.name === `${name} avg`);
    for (const name of AVERAGES) {
      closeScores(scores[name], of(name) ?? { precision: 0, recall: 0, f1: 0 });
    }
    const types = entries.filter(({ name }) => !name.endsWith(" avg"));
    expect([...scores.types.keys()]).toEqual(types.map(({ name }) => name));
    for (const entry of types) {
      closeScores(scores.types.get(entry.name)!, entry);
      expect(scores.types.get(entry.name)!.support).toBe(entry.support);
    }
  });

  test("sentences of different lengths are an error", () => {
    expect(() => new EntityMetric().update([["O"]], [["O", "O"]])).toThrow(MetricError);
    expect(() => new EntityMetric().update([], [["O"]])).toThrow(MetricError);
  });

  test("chunks can be scored, too", () => {
    const metric = new EntityMetric({ spans: chunkSpans });
    metric.update([["I-NP", "I-VP"]], [["B-NP", "I-VP"]]);
    expect(metric.compute().micro).toEqual({ precision: 1, recall: 1, f1: 1 });
  });
});

describe("answers, as the official SQuAD scripts score them", () => {
  test("normalizing", () => {
    for (const [text, expected] of golden.squad.normalized) expect(normalizeAnswer(text!)).toBe(expected);
  });

  test("version 1.1", () => {
    const metric = new SquadMetric();
    for (const { prediction, answers } of golden.squad.v1.questions) metric.update(prediction, answers);
    const scores = metric.compute();
    close(scores.exactMatch, golden.squad.v1.scores.exact_match);
    close(scores.f1, golden.squad.v1.scores.f1);
    expect(() => metric.update("a", [])).toThrow(MetricError);
  });

  test.each(golden.squad.v2)("version 2.0, threshold $threshold", ({ threshold, questions, scores: expected }) => {
    const metric = new Squad2Metric({ threshold });
    for (const { prediction, answers, na } of questions) metric.update(prediction, answers, na);
    const scores = metric.compute();
    close(scores.exactMatch, expected.exact);
    close(scores.f1, expected.f1);
    expect(scores.count).toBe(expected.total);
    close(scores.hasAnswer!.exactMatch, expected.HasAns_exact);
    close(scores.hasAnswer!.f1, expected.HasAns_f1);
    expect(scores.hasAnswer!.count).toBe(expected.HasAns_total);
    close(scores.noAnswer!.exactMatch, expected.NoAns_exact);
    close(scores.noAnswer!.f1, expected.NoAns_f1);
    close(scores.bestExactMatch, expected.best_exact);
    close(scores.bestExactMatchThreshold, expected.best_exact_thresh);
    close(scores.bestF1, expected.best_f1);
    close(scores.bestF1Threshold, expected.best_f1_thresh);
  });
});
