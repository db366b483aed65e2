import pico from "picocolors";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { printable } from "./printable.js";
import type { Terminal } from "./terminal.js";

export type Colors = ReturnType<typeof pico.createColors>;

/** How results look: colours, or none, and the width of a line. */
export interface Style {
  readonly colors: Colors;
  /** Characters of a line of text. */
  readonly width: number;
  /** Characters that fit beside each other: those of the terminal; without one, any number. */
  readonly columns: number;
}

const WIDEST = 100;
const NARROWEST = 20;

/** Colours where the output is a terminal that has them, unless the person or `NO_COLOR` says no. */
export function styleFor({ stdout, env }: Terminal, color = true): Style {
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  const refused = !color || Boolean(env["NO_COLOR"]) || env["FORCE_COLOR"] === "0" || env["TERM"] === "dumb";
  return {
    colors: pico.createColors(!refused && (forced || stdout.isTTY)),
    width: Math.min(WIDEST, Math.max(NARROWEST, stdout.columns || 80)),
    columns: stdout.isTTY && stdout.columns ? stdout.columns : Number.POSITIVE_INFINITY,
  };
}

const NO_BREAK = "\u00a0";

/** Folds text at white space to the width, each line behind the indent. */
export function folded(text: string, { width }: Style, indent = "  "): string {
  const lines = wrapAnsi(text, Math.max(1, width - stringWidth(indent)), { hard: true });
  return lines.replaceAll(NO_BREAK, " ").replace(/^/gm, indent);
}

/** Text padded with spaces to a width in terminal cells. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

/** Text cut to a width in terminal cells. */
export function clipped(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export interface BarRow {
  readonly label: string;
  /** From 0 to 1. */
  readonly score: number;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LONGEST_BAR = 40;

/** A line for each label: its name, a bar, a percentage. The first one stands out. */
export function bars(given: readonly BarRow[], style: Style): string {
  const rows = given.map(({ label, score }) => ({ label: printable(label), score }));
  const { colors, width } = style;
  const widest = Math.max(...rows.map(({ label }) => stringWidth(label)));
  // Indent, label, gap, bar, gap, "100.0%".
  const labelWidth = Math.min(widest, Math.max(6, width - 12));
  const room = Math.min(LONGEST_BAR, width - labelWidth - 12);
  return rows
    .map(({ label, score }, i) => {
      const eighths = Math.round(Math.min(1, Math.max(0, score)) * room * 8);
      const bar = "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
      const percent = `${(score * 100).toFixed(1)}%`.padStart(6);
      const best = i === 0;
      const name = padded(clipped(label, labelWidth), labelWidth);
      const drawn =
        room < 4 ? "" : `${best ? colors.cyan(bar) : colors.dim(bar)}${padded("", room - stringWidth(bar))}  `;
      return `  ${best ? colors.bold(name) : name}  ${drawn}${best ? colors.bold(percent) : colors.dim(percent)}`;
    })
    .join("\n");
}

/** {@link bars} in two columns, best ones down the left, where the line is wide enough. */
export function barColumns(rows: readonly BarRow[], style: Style): string {
  const half = Math.floor((style.width - 2) / 2);
  if (half < 36 || rows.length < 4) return bars(rows, style);
  const lines = bars(rows, { ...style, width: half }).split("\n");
  const height = Math.ceil(lines.length / 2);
  return lines
    .slice(0, height)
    .map((line, i) => `${line}  ${lines[i + height] ?? ""}`.trimEnd())
    .join("\n");
}

const KINDS: Readonly<Record<string, keyof Colors>> = {
  NP: "cyan",
  VP: "green",
  PP: "yellow",
  SBAR: "blue",
  ADVP: "magenta",
  ADJP: "red",
};
const PALETTE: readonly (keyof Colors)[] = ["cyan", "green", "yellow", "magenta", "blue", "red"];

/** The colour of a kind of entity, the same one every time. */
export function colorOf(kind: string, colors: Colors): (text: string) => string {
  const sum = [...kind].reduce((total, letter) => total + letter.codePointAt(0)!, 0);
  return colors[KINDS[kind] ?? PALETTE[sum % PALETTE.length]!] as (text: string) => string;
}

export interface MarkedSpan {
  readonly kind: string;
  /** Offset in the text in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/**
 * A text with its phrases in brackets and colour: `[NP The quick brown fox] [VP jumps]`. A kind stays with its first word
 * when {@link folded} folds the text.
 */
export function marked(text: string, spans: readonly MarkedSpan[], { colors }: Style): string {
  let result = "";
  let at = 0;
  for (const { kind, start, end } of spans) {
    const color = colorOf(kind, colors);
    const shown = printable(text.slice(start, end));
    result +=
      printable(text.slice(at, start)) + color(`[${colors.dim(printable(kind))}${NO_BREAK}${colors.bold(shown)}]`);
    at = end;
  }
  return result + printable(text.slice(at));
}

/** 4369788 as "4,369,788". */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
