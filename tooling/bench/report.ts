import type { Accuracy } from "./accuracy.ts";
import type { Bar } from "./bars.ts";
import type { Results } from "./measure.ts";

/** All that is measured in one go. */
export interface Report extends Results {
  readonly machine: Record<string, string | number>;
  readonly accuracy?: readonly Accuracy[];
}

/** A Markdown table that is readable as plain text. */
function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const line = (row: readonly (string | number)[]) =>
    `| ${row.map((cell, column) => String(cell).padEnd(widths[column]!)).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body].join("\n");
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
const milliseconds = (ms: number): string => ms.toFixed(ms < 10 ? 2 : ms < 1000 ? 1 : 0);
const threadCount = (threads: number): string => `${threads} ${threads === 1 ? "thread" : "threads"}`;

/** The report as Markdown: machine, loading and memory, a table of times for each workload, what is missing, and bars. */
export function reportText({ machine, loads, results, absent, accuracy }: Report, bars: readonly Bar[]): string {
  const parts = [
    Object.entries(machine)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    table([
      ["model", "contender", "version", "threads", "load ms", "peak MB after load", "peak MB at the end"],
      ...loads.map((l) => [
        l.task === "sentences" ? `${l.model} ${l.task}` : l.model,
        l.contender,
        l.version,
        l.threads,
        l.loadMs.toFixed(0),
        megabytes(l.loadPeakBytes),
        megabytes(l.peakBytes),
      ]),
    ]),
    ...timeTables({ results, absent }),
  ];
  if (accuracy !== undefined && accuracy.length > 0) {
    parts.push(
      "int8 against float32 on trained models and their test sets:",
      table([
        ["model", "bits of inputs", "examples", "same answer", "score float32", "score int8"],
        ...accuracy.map((a) => [a.model, a.bits, a.examples, percent(a.same), percent(a.float32), percent(a.int8)]),
      ]),
    );
  }
  if (bars.length > 0) {
    parts.push(
      "Bars (ratios of lowest times):",
      table([
        ["workload", "bar", "measured", "met"],
        ...bars.map(({ name, bar, measured, met }) => [name, bar, measured, met === null ? "?" : met ? "yes" : "no"]),
      ]),
    );
  }
  return parts.join("\n\n");
}

const percent = (part: number): string => `${(part * 100).toFixed(1)}%`;

function timeTables({ results, absent }: Pick<Report, "results" | "absent">): string[] {
  const groups = Map.groupBy(results, (r) => `${r.model} ${r.workload}, ${threadCount(r.threads)}`);
  return [...groups].flatMap(([title, rows]) => {
    const ours = rows.filter((r) => r.contender.startsWith("ours"));
    const bases = ours.length > 0 ? ours : [rows[0]!];
    const missing = absent.filter(
      ({ model, workload, threads }) =>
        model === rows[0]!.model && threads === rows[0]!.threads && workload.split(" ").includes(rows[0]!.workload),
    );
    return [
      title,
      table([
        ["contender", "lowest ms", "median ms", "difference", ...bases.map((base) => `${base.contender} / it`)],
        ...rows.map((r) => [
          r.contender,
          milliseconds(r.lowestMs),
          milliseconds(r.medianMs),
          r.difference.toExponential(1),
          ...bases.map((base) => (base.lowestMs / r.lowestMs).toFixed(2)),
        ]),
        ...missing.map(({ contender }) => [contender, "-", "-", "did not run", ...bases.map(() => "-")]),
      ]),
      ...missing.map(({ contender, reason }) => `${contender} did not run: ${reason}`),
    ];
  });
}
