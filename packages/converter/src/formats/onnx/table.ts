import { quoted } from "@convbert/files/internal";
import { WeightsError } from "../../errors.js";
import { type Constant, type OnnxGraph, WEIGHTS_KEY } from "./graph.js";
import { FLOATS, type FoundWeight } from "./names.js";

/**
 * Where a weight lies. An initializer is taken as a matrix with its last axis for columns; of it these columns, transposed
 * or not; several such parts one after the other are the weight's elements in row-major order.
 */
export interface WeightEntry {
  readonly shape: readonly number[];
  /** Names of initializers. */
  readonly of: readonly string[];
  /** The first column, and the one after the last; all where absent. */
  readonly columns?: readonly [number, number];
  readonly transposed?: true;
}

/** The weights of a graph by their checkpoint names. It is written as JSON. */
export type WeightTable = Readonly<Record<string, WeightEntry>>;

/**
 * The weights that a graph's own table names. Each is checked against the constants: the table comes from a file.
 * @throws WeightsError "format" for a table that does not fit its graph.
 */
export function tabledWeights(text: string, { constants }: OnnxGraph, file: string): FoundWeight[] {
  const fail = (message: string): never => {
    throw new WeightsError("format", `its table of weights (${WEIGHTS_KEY}) is wrong: ${message}`, { file });
  };
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch {
    return fail("it is no JSON");
  }
  if (!isRecord(table)) return fail("it is no object");
  const taken = new Map<Constant, [number, number][]>();
  const weights = Object.entries(table).map(([name, entry]): FoundWeight => {
    const wrong = (message: string): never => fail(`${quoted(name)} ${message}`);
    if (!isRecord(entry)) return wrong("has no object");
    const { shape, of, columns, transposed } = entry;
    const unknown = Object.keys(entry).find((key) => !["shape", "of", "columns", "transposed"].includes(key));
    if (unknown !== undefined) return wrong(`has the unknown field ${quoted(unknown)}`);
    if (!isWholeNumbers(shape) || shape.length > 8 || shape.includes(0)) return wrong("has no shape");
    if (!Array.isArray(of) || of.length === 0) return wrong("names no initializers");
    if (columns !== undefined && !(isWholeNumbers(columns) && columns.length === 2)) return wrong("has no two columns");
    if (transposed !== undefined && transposed !== true) return wrong("is transposed neither way");
    const parts = of.map((from: unknown) => {
      if (typeof from !== "string") return wrong("is in an initializer without a name");
      const constant = constants.get(from);
      if (constant === undefined) return wrong(`is in ${quoted(from)}, which the graph does not have`);
      if (!FLOATS.has(constant.dtype) || constant.byteLength === 0) return wrong(`is in ${quoted(from)}: no floats`);
      const width = constant.shape.at(-1) ?? 1;
      const [start, end] = columns ?? [0, width];
      if (start! >= end! || end! > width) return wrong(`has columns ${start} to ${end} of ${quoted(from)}'s ${width}`);
      const ranges = taken.get(constant) ?? [];
      ranges.push([start!, end!]);
      taken.set(constant, ranges);
      return { constant, columns: [start!, end!] as const, transposed: transposed === true };
    });
    const { dtype } = parts[0]!.constant;
    if (parts.some(({ constant }) => constant.dtype !== dtype)) return wrong("has parts of several types");
    const elements = parts.reduce((sum, { constant, columns: [start, end] }) => {
      return sum + constant.shape.slice(0, -1).reduce(times, 1) * (end - start);
    }, 0);
    if (shape.reduce(times, 1) !== elements) return wrong(`has the shape [${shape}], and ${elements} elements`);
    return { name, shape, parts };
  });
  if (weights.length === 0) return fail("it names no weights");
  // Else a small file could stand for any number of large weights.
  for (const [{ name }, ranges] of taken) {
    ranges.sort(([a], [b]) => a - b);
    const twice = ranges.findIndex(([start], i) => i > 0 && start < ranges[i - 1]![1]);
    if (twice >= 0) return fail(`column ${ranges[twice]![0]} of ${quoted(name)} is in two weights`);
  }
  return weights;
}

const times = (product: number, extent: number): number => product * extent;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
