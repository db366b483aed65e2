import { describe, expect, it } from "vitest";
import { codeBlock, codeSpan, escapeMarkdown, modelCard, trainingReport } from "../src/index.js";

const lines = [
  ...Array.from({ length: 1000 }, (_, i) =>
    JSON.stringify({
      type: "step",
      step: i + 1,
      loss: 2 - i / 1000,
      learningRate: 1e-3,
      gradientNorm: 1,
      tokensPerSecond: 9,
    }),
  ),
  ...[500, 1000].map((step) =>
    JSON.stringify({
      type: "evaluation",
      step,
      epoch: step / 500,
      trainLoss: 1.5,
      metrics: { loss: 1, accuracy: step / 1250, perplexity: 20, pearson: null },
      isBest: step === 500,
    }),
  ),
  '{"type":"st',
];

describe("the report", () => {
  const html = trainingReport({
    title: 'a <b>run</b> & "more"',
    subtitle: "convbert train",
    lines,
    tables: { Options: { "learning <rate>": 5e-4, list: ["a", "b"], unset: undefined } },
  });

  it("is one page that asks for nothing", () => {
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/src=|href=|https?:|<script|@import|url\(/);
  });

  it("shows text as text", () => {
    expect(html).toContain("a &#60;b&#62;run&#60;/b&#62; &#38; &#34;more&#34;");
    expect(html).toContain("<th>learning &#60;rate&#62;</th><td>5.00e-4</td>");
    expect(html).not.toContain("<b>run");
    expect(html.includes("unset")).toBe(false);
  });

  it("has a curve for each number, thinned, with the evaluations marked", () => {
    const charts = html.split("<figure>").slice(1);
    expect(charts.map((chart) => /<figcaption>(.*?)</.exec(chart)![1])).toEqual([
      "Loss",
      "Metrics",
      "perplexity",
      "Learning rate",
      "Length of the gradient",
      "Tokens a second",
    ]);
    const [path] = /<path class="line c0" d="(.*?)"/.exec(charts[0]!)!.slice(1);
    const points = [...path!.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points).toHaveLength(334);
    // From left to right; the loss falls, so y, which counts from the top, grows.
    for (const [i, [x, y]] of points.entries()) {
      if (i === 0) continue;
      expect(x).toBeGreaterThan(points[i - 1]![0]!);
      expect(y).toBeGreaterThanOrEqual(points[i - 1]![1]!);
    }
    expect(charts[0]!.match(/<circle/g)).toHaveLength(2);
    expect(charts[1]).toContain("<title>accuracy 0.8 at step 1000</title>");
  });

  it("has the evaluations in a table, the best one marked", () => {
    expect(html).toContain('<tr class="best"><td>1</td><td>500</td><td>1.5</td><td>1</td><td>0.4</td>');
    expect(html).toContain("<tr><td>2</td><td>1000</td>");
  });

  it("of a run that has not begun is a page, too", () => {
    expect(trainingReport({ title: "empty", lines: [] })).toContain("<h1>empty</h1>");
  });
});

describe("the card", () => {
  const card = modelCard({
    name: "questions",
    task: "text-classification",
    summary: "It classifies.",
    dataset: 'the "trec" set',
    license: "apache-2.0",
    baseModel: "YituTech/conv-bert-small",
    scores: [
      { split: "evaluation", metrics: { loss: 0.5, accuracy: 0.91, macroF1: 0.875 } },
      { split: "test", metrics: { accuracy: 0.9, pearson: Number.NaN } },
    ],
    sections: { Data: "- some" },
  });

  it("has the front matter that the hub reads", () => {
    const [, front] = /^---\n([\s\S]*?)\n---\n/.exec(card)!;
    expect(front).toBe(`language: "en"
license: "apache-2.0"
library_name: "convbert"
pipeline_tag: "text-classification"
tags:
  - "convbert"
base_model: "YituTech/conv-bert-small"
model-index:
  - name: "questions"
    results:
      - task:
          type: "text-classification"
        dataset:
          name: "the \\"trec\\" set"
          type: "the \\"trec\\" set"
          split: "evaluation"
        metrics:
          - type: "loss"
            name: "loss"
            value: 0.5
          - type: "accuracy"
            name: "accuracy"
            value: 0.91
          - type: "f1"
            name: "macroF1"
            value: 0.875
      - task:
          type: "text-classification"
        dataset:
          name: "the \\"trec\\" set"
          type: "the \\"trec\\" set"
          split: "test"
        metrics:
          - type: "accuracy"
            name: "accuracy"
            value: 0.9`);
  });

  it("has the scores in a table and every section", () => {
    expect(card).toContain("| examples | loss | accuracy | macroF1 | pearson |");
    expect(card).toContain("| evaluation | 0.5000 | 0.9100 | 0.8750 |  |");
    expect(card).toContain("# questions\n\nIt classifies.\n\n## Scores");
    expect(card.endsWith("## Data\n\n- some\n")).toBe(true);
  });
});

/** Clears the screen, turns the reading order, opens a heading, a link, HTML, a table's cell and a fence. */
const HOSTILE =
  "\u001b[2J\u009b1m\u202e\u2066\r\n# big\n<img src=x onerror=alert(1)> [a](https://evil.example) | `x` ``` www.evil.example *b* _c_ &lt; a@b.example";
const ACTED_ON = /(?!\n)[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;

describe("what data says in cards and reports", () => {
  it("is text in a card", () => {
    const card = modelCard({
      name: HOSTILE,
      task: "text-classification",
      summary: "A model.",
      dataset: HOSTILE,
      license: HOSTILE,
      scores: [{ split: HOSTILE, metrics: { [HOSTILE]: 1 } }],
      sections: { [HOSTILE]: `- ${escapeMarkdown(HOSTILE)}, ${codeSpan(HOSTILE)}\n\n${codeBlock(HOSTILE, "sh")}` },
    });
    expect(card).not.toMatch(ACTED_ON);
    const [front, body] = card.slice(4).split("\n---\n") as [string, string];
    const strings = Array.from(front.matchAll(/: (".*")$/gm), ([, text]) => JSON.parse(text!));
    expect(strings.filter((text) => text === HOSTILE)).toHaveLength(7);
    const prose = body.slice(0, body.indexOf("\n````sh"));
    // Only the card's own headings, its one table, and nothing that is a link or HTML.
    expect(prose.match(/^#+ /gm)).toEqual(["# ", "## ", "## "]);
    expect(prose.replace(/\\./g, "").replace(/(`+)[^\n]*?\1/g, "")).not.toMatch(/[<>`[\]*_&]|https?:\/\/|www\./);
    const cells = prose.match(/^\| .*$/gm)!.map((row) => row.replace(/\\\|/g, "").split("|").length);
    expect(new Set(cells)).toEqual(new Set([4]));
    expect(body).toContain("\n````sh\n");
    expect(body.match(/^````$/gm)).toHaveLength(1);
  });

  it("is text in a report", () => {
    const log = JSON.stringify({
      type: "evaluation",
      step: 1,
      epoch: 1,
      trainLoss: 1,
      metrics: { [HOSTILE]: 0.5 },
      isBest: true,
    });
    const html = trainingReport({
      title: HOSTILE,
      subtitle: HOSTILE,
      lines: [log],
      tables: { [HOSTILE]: { [HOSTILE]: HOSTILE, list: [HOSTILE] } },
    });
    expect(html).not.toMatch(ACTED_ON);
    expect(html).not.toMatch(/<img|onerror=(?!alert)/);
    expect(html.match(/&#60;img/g)!.length).toBeGreaterThan(8);
  });

  it("stays what it is where nothing is wrong with it", () => {
    for (const text of ["B-PER", "NP, VP", "naïve 👩‍👩‍👧", "a.csv", "C", "tax (net)"])
      expect(escapeMarkdown(text)).toBe(text);
    expect(escapeMarkdown("LABEL_0")).toBe("LABEL\\_0");
    expect(escapeMarkdown("- x")).toBe("\\- x");
    expect(escapeMarkdown("1. x")).toBe("1\\. x");
    expect(codeSpan("a`b")).toBe("``a`b``");
    expect(codeSpan("`")).toBe("`` ` ``");
  });
});
