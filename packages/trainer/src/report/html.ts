import type { EvaluationEvent, StepEvent, TrainerEvent } from "../loop/events.js";
import { lineChart, type Series, shortNumber } from "./chart.js";
import { escapeHtml } from "./escape.js";

export interface ReportOptions {
  readonly title: string;
  /** The run's log: what {@link RunLog} was given. Lines that are no events are passed over. */
  readonly lines: Iterable<string>;
  /** A line under the title, such as the command. */
  readonly subtitle?: string;
  /** Tables of names and values: options, results. */
  readonly tables?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Points of a curve at most; more are averaged. */
const MOST_POINTS = 400;

/**
 * A run as one HTML page that needs nothing else: curves of loss, metrics, learning rate and gradient, the evaluations and
 * the options.
 */
export function trainingReport({ title, lines, subtitle, tables = {} }: ReportOptions): string {
  const events = [...lines].flatMap(parsed);
  const steps = events.filter((event): event is StepEvent => event.type === "step");
  const evaluations = events.filter((event): event is EvaluationEvent => event.type === "evaluation");
  const curve = (name: string, of: (event: StepEvent) => number): Series => ({
    name,
    points: thinned(steps.map((event) => [event.step, of(event)])),
  });
  const measured = (name: string): Series => ({
    name: name === "loss" ? "evaluation loss" : name,
    points: evaluations.map(({ step, metrics }) => [step, metrics[name] ?? Number.NaN]),
    marked: true,
  });
  const names = [...new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)))];
  const shares = names.filter((name) => name !== "loss" && evaluations.every(({ metrics }) => isShare(metrics[name])));
  const others = names.filter((name) => name !== "loss" && !shares.includes(name));
  const loss = [curve("training loss", (event) => event.loss), ...(names.includes("loss") ? [measured("loss")] : [])];
  const charts = [
    lineChart({ title: "Loss", xLabel: "step", series: loss }),
    lineChart({ title: "Metrics", xLabel: "step", series: shares.map(measured) }),
    ...others.map((name) => lineChart({ title: name, xLabel: "step", series: [measured(name)] })),
    lineChart({ title: "Learning rate", xLabel: "step", series: [curve("learning rate", (e) => e.learningRate)] }),
    lineChart({ title: "Length of the gradient", xLabel: "step", series: [curve("gradient", (e) => e.gradientNorm)] }),
    lineChart({ title: "Tokens a second", xLabel: "step", series: [curve("speed", (e) => e.tokensPerSecond)] }),
  ];
  return page(title, [
    `<h1>${escapeHtml(title)}</h1>`,
    subtitle === undefined ? "" : `<pre>${escapeHtml(subtitle)}</pre>`,
    `<div class="charts">${charts.join("")}</div>`,
    evaluationTable(evaluations, names),
    ...Object.entries(tables).map(([name, rows]) => table(name, rows)),
  ]);
}

function parsed(line: string): TrainerEvent[] {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null && "type" in event ? [event as TrainerEvent] : [];
  } catch {
    return [];
  }
}

function isShare(value: number | undefined): boolean {
  return value === undefined || (value >= -1 && value <= 1);
}

/** Means of neighbouring points, so that a long run's page stays small. */
function thinned(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return [...points];
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  );
  return groups.map((group) => [group.at(-1)![0], group.reduce((sum, [, value]) => sum + value, 0) / group.length]);
}

function evaluationTable(evaluations: readonly EvaluationEvent[], names: readonly string[]): string {
  if (evaluations.length === 0) return "";
  const best = evaluations.findLast(({ isBest }) => isBest);
  const head = ["epoch", "step", "training loss", ...names].map((name) => `<th>${escapeHtml(name)}</th>`);
  const rows = evaluations.map((event) => {
    const numbers = [event.epoch, event.step, event.trainLoss, ...names.map((name) => event.metrics[name])];
    const cells = numbers.map((value) => `<td>${value == null ? "" : shortNumber(value)}</td>`);
    return `<tr${event === best ? ' class="best"' : ""}>${cells.join("")}</tr>`;
  });
  return `<h2>Evaluations</h2><table class="numbers"><tr>${head.join("")}</tr>${rows.join("")}</table>`;
}

function table(name: string, rows: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(rows)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => {
      const text =
        typeof value === "number" ? shortNumber(value) : typeof value === "string" ? value : JSON.stringify(value);
      return `<tr><th>${escapeHtml(key)}</th><td>${escapeHtml(text)}</td></tr>`;
    });
  return lines.length === 0 ? "" : `<h2>${escapeHtml(name)}</h2><table>${lines.join("")}</table>`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1f2328;--soft:#667;--line:#d8dce2;--page:#fff;--mark:#eef4ff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa3ad;--line:#3a3f46;--page:#16181b;--mark:#1f2b40}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1360px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:.75rem}figcaption{font-weight:600}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--line)}.tick{fill:var(--soft);font-size:12px}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.c0{stroke:#4269d0;background:#4269d0}.c1{stroke:#d9860f;background:#d9860f}.c2{stroke:#e0533c;background:#e0533c}
.c3{stroke:#2f9e8f;background:#2f9e8f}.c4{stroke:#8a5cd1;background:#8a5cd1}.c5{stroke:#7a8794;background:#7a8794}
circle{fill:var(--page);stroke-width:1.8}
.legend{margin:.25rem 0 0;display:flex;flex-wrap:wrap;gap:1rem;color:var(--soft);font-size:13px}
.legend i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;margin-right:.35rem;vertical-align:-1px}
table{border-collapse:collapse;display:block;overflow-x:auto}th,td{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
.numbers td,.numbers th{text-align:right;font-variant-numeric:tabular-nums}.best td{background:var(--mark);font-weight:600}
`;

function page(title: string, parts: readonly string[]): string {
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>\n<body>${parts.join("\n")}</body></html>\n`
  );
}
