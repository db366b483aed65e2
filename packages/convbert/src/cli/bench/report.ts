import { printable } from "../printable.js";
import { bytes } from "../progress.js";
import { folded, grouped, padded, type Style } from "../style.js";
import type { Machine, MeasuredModel, Measurement } from "./measure.js";

/** All that `convbert bench --json` prints. */
export interface BenchReport {
  readonly machine: Machine;
  readonly model: MeasuredModel & { readonly location: string };
  readonly measurements: readonly Measurement[];
}

/** The report as tables: one of loading and memory, one of times. */
export function reportForPeople({ machine, model, measurements }: BenchReport, style: Style): string {
  const { bold, dim, yellow } = style.colors;
  const row = (name: string, value: string): string => `  ${dim(name.padEnd(10))}${value}`;
  const isBusy = machine.load_average > machine.cores / 2;
  const load = `load ${machine.load_average.toFixed(2)} on ${machine.cores} ${machine.cores === 1 ? "core" : "cores"}`;
  const size = `${grouped(model.parameters)} parameters, ${model.num_hidden_layers} layers of ${model.hidden_size}`;
  return [
    `${bold(printable(model.name))}  ${dim(printable(model.location))}`,
    row("model", size),
    row("CPU", `${printable(machine.cpu)}, ${isBusy ? yellow(`${load}: other work slows the measurement`) : load}`),
    row("engine", `${machine.engine} on ${machine.system}`),
    "",
    bold("Loading and memory"),
    ...table(
      ["weights", "threads", "load ms", "weights in memory", "peak of the process", "computes with"],
      measurements.map((m) => [
        m.dtype,
        String(m.threads),
        decimals(m.load_ms),
        bytes(m.weight_bytes),
        bytes(m.peak_bytes),
        m.backend,
      ]),
      style,
    ),
    "",
    bold("Speed"),
    ...table(
      ["texts x tokens", "weights", "threads", "lowest ms", "median ms", "tokens/s", "against the first"],
      speedRows(measurements),
      style,
    ),
    "",
    folded(
      dim(
        "Tokens per second are by the median time. The last column is how many times faster the lowest time is than that " +
          "of the first line of the same texts.",
      ),
      style,
      "",
    ),
  ].join("\n");
}

/** Settings of the same workload below each other. */
function speedRows(measurements: readonly Measurement[]): string[][] {
  const workloads = measurements[0]?.results ?? [];
  return workloads.flatMap(({ lowest_ms: first }, i) =>
    measurements.map(({ dtype, threads, results }) => {
      const timed = results[i]!;
      return [
        `${timed.batch} x ${timed.length}`,
        dtype,
        String(threads),
        decimals(timed.lowest_ms),
        decimals(timed.median_ms),
        grouped(Math.round(timed.tokens_per_second)),
        (first / timed.lowest_ms).toFixed(2),
      ];
    }),
  );
}

function decimals(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 9.995 ? 2 : milliseconds < 99.95 ? 1 : 0);
}

/** Columns of numbers stand on the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], { colors }: Style): string[] {
  const isNumber = head.map((_, column) => rows.every((row) => /^[\d.,\s]+( [kMG]?B)?$/.test(row[column]!)));
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : padded(cell, widths[column]!)))
      .join("  ")
      .trimEnd();
  return [`  ${colors.dim(line(head))}`, ...rows.map((row) => `  ${line(row)}`)];
}
