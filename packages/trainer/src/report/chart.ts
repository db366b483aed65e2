import { escapeHtml } from "./escape.js";

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** In the order of x; points that are no finite numbers part the line. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Points are drawn, too: for few of them. */
  readonly marked?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 260;
const LEFT = 64;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 40;
const COLORS = 6;

/** A chart of lines as SVG: axes, a legend, and the values of each marked point on hovering. */
export function lineChart({ title, xLabel, series }: ChartOptions): string {
  const finite = series.flatMap(({ points }) => points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)));
  if (finite.length === 0) return "";
  const [xs, ys] = [fitted(axis(finite.map(([x]) => x)), finite), axis(finite.map(([, y]) => y))];
  const x = (value: number) => LEFT + ((value - xs.from) / (xs.to - xs.from)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - ys.from) / (ys.to - ys.from)) * (HEIGHT - TOP - BOTTOM);
  const grid = ys.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>` +
      `<text class="tick" x="${LEFT - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${ys.format(tick)}</text>`,
  );
  const below = xs.ticks.map(
    (tick) =>
      `<text class="tick" x="${at(x(tick))}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${xs.format(tick)}</text>`,
  );
  const lines = series.map(({ name, points, marked }, index) => {
    const color = `c${index % COLORS}`;
    const path = pathOf(points, x, y);
    const dots = marked
      ? points
          .filter(([, value]) => Number.isFinite(value))
          .map(
            ([step, value]) =>
              `<circle class="${color}" cx="${at(x(step))}" cy="${at(y(value))}" r="3.5">` +
              `<title>${escapeHtml(name)} ${shortNumber(value)} at ${escapeHtml(xLabel)} ${step}</title></circle>`,
          )
      : [];
    return `<path class="line ${color}" d="${path}"/>${dots.join("")}`;
  });
  const legend = series.map(({ name }, index) => `<span><i class="c${index % COLORS}"></i>${escapeHtml(name)}</span>`);
  return (
    `<figure><figcaption>${escapeHtml(title)}</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">` +
    `${grid.join("")}${below.join("")}` +
    `<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escapeHtml(xLabel)}</text>` +
    `${lines.join("")}</svg>${series.length > 1 ? `<p class="legend">${legend.join("")}</p>` : ""}</figure>`
  );
}

function pathOf(points: Series["points"], x: (value: number) => number, y: (value: number) => number): string {
  let path = "";
  let open = false;
  for (const [step, value] of points) {
    if (!Number.isFinite(value)) {
      open = false;
      continue;
    }
    path += `${open ? "L" : "M"}${at(x(step))} ${at(y(value))}`;
    open = true;
  }
  return path;
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  format(value: number): string;
}

/** An axis from one round number to another. */
function axis(values: readonly number[]): Axis {
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  let high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  if (low === high) high = low + (Math.abs(low) || 1);
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const from = Math.floor(low / step) * step;
  const count = Math.ceil((high - from) / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => from + i * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const format = (value: number): string => (digits > 4 ? value.toExponential(1) : value.toFixed(digits));
  return { from, to: ticks.at(-1)!, ticks, format };
}

/** The axis without the empty stretches before the first and after the last point. */
function fitted(round: Axis, points: readonly (readonly [x: number, y: number])[]): Axis {
  const from = points.reduce((least, [x]) => Math.min(least, x), Number.POSITIVE_INFINITY);
  const to = points.reduce((most, [x]) => Math.max(most, x), Number.NEGATIVE_INFINITY);
  return from === to ? round : { ...round, from, to, ticks: round.ticks.filter((tick) => tick >= from && tick <= to) };
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A number with four digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(2);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
