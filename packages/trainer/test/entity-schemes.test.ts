import { describe, expect, test } from "vitest";
import { detectScheme, EntityMetric, type EntityScheme, MetricError, schemeSpans, wordSpans } from "../src/index.js";
import { tagOutsideSchemes } from "../src/metrics/schemes.js";
import golden from "./fixtures/entity-schemes.json" with { type: "json" };

interface Recorded {
  readonly spans: [string[], [string, number, number][]][];
  readonly corpora: {
    readonly expected: string[][];
    readonly predicted: string[][];
    readonly report: Record<string, Record<"precision" | "recall" | "f1-score" | "support", number>>;
  }[];
}
const schemes = Object.entries(golden.schemes as unknown as Record<EntityScheme, Recorded>) as [
  EntityScheme,
  Recorded,
][];

describe.each(schemes)("the strict scheme %s, as seqeval reads it", (scheme, { spans, corpora }) => {
  test("entities", () => {
    expect(spans.length).toBeGreaterThan(250);
    const find = schemeSpans(scheme);
    for (const [tags, entities] of spans) {
      expect(
        find(tags).map(({ type, start, end }) => [type, start, end]),
        tags.join(" "),
      ).toEqual(entities);
    }
  });

  test.each(corpora.map((corpus, i) => [i, corpus] as const))("scores of corpus %i", (_, corpus) => {
    const metric = new EntityMetric({ spans: schemeSpans(scheme) });
    metric.update(corpus.predicted, corpus.expected);
    const { micro, macro, weighted, types } = metric.compute();
    const found = { "micro avg": micro, "macro avg": macro, "weighted avg": weighted, ...Object.fromEntries(types) };
    expect(Object.keys(found).sort()).toEqual(Object.keys(corpus.report).sort());
    for (const [name, expected] of Object.entries(corpus.report)) {
      const own = found[name as keyof typeof found]!;
      expect(own.precision).toBeCloseTo(expected.precision, 12);
      expect(own.recall).toBeCloseTo(expected.recall, 12);
      expect(own.f1).toBeCloseTo(expected["f1-score"], 12);
    }
  });

  test("refuses tags that it has not", () => {
    for (const tag of ["X-PER", "", "b-PER", "-"]) {
      expect(() => schemeSpans(scheme)(["O", tag])).toThrow(MetricError);
    }
  });
});

test("a scheme is told by the letters that occur", () => {
  for (const [letters, scheme] of golden.detected as [string, EntityScheme | null][]) {
    const tags = [...letters].map((letter) => (letter === "O" ? letter : `${letter}-X`));
    expect(detectScheme(tags), letters).toBe(scheme ?? undefined);
  }
  expect(() => schemeSpans("IOB3" as never)).toThrow("there is no scheme IOB3; choose one of IOB1");
});

test.each(golden.words.map((corpus, i) => [i, corpus] as const))(
  "words of corpus %i, as sklearn scores them",
  (_, corpus) => {
    const metric = new EntityMetric({ spans: wordSpans });
    metric.update(corpus.predicted, corpus.expected);
    const { micro, accuracy } = metric.compute();
    for (const name of ["precision", "recall", "f1"] as const) expect(micro[name]).toBeCloseTo(corpus.scores[name], 12);
    expect(accuracy).toBeCloseTo(corpus.accuracy, 12);
  },
);

test.each([
  [["O", "B-PER", "I-PER", "E-x", "S-x", "U-x", "L-x"], undefined],
  [["B", "I", "O"], undefined],
  [["O", "I-a b"], undefined],
  [["O", "OBJ"], "OBJ"],
  [["B-PER", "PER"], "PER"],
  [["NN", "VB"], "NN"],
  [["0", "1"], "0"],
  [["PER-B", "O"], "PER-B"],
  [["b-per", "o"], "b-per"],
  [["B-", "O"], "B-"],
  [["I_PER"], "I_PER"],
  [["B-x", "X"], "X"],
])("a tag of %j that is of no scheme: %s", (tags, odd) => {
  expect(tagOutsideSchemes(tags)).toBe(odd);
});
