import { parseCell } from "../cell.js";
import type { DataError, DataLocation } from "../error.js";
import type { TextExample } from "../examples.js";
import { likelihoodsIn } from "./likelihoods.js";
import type { FieldMapping, Row } from "./mapping.js";
import { invalid, isRow, listed, numberOf, stringAt, valueAt, withoutFraction } from "./row.js";

export interface TextFieldOptions {
  /** Default "text". */
  readonly textColumn?: string;
  /** Second text of a pair. Default none. */
  readonly pairColumn?: string;
  /** Default "label"; null reads none. */
  readonly labelColumn?: string | null;
  /**
   * Several labels in one cell, with this between them; an empty cell has none. Lists of JSON, Python and numpy, and
   * numbers of 0 and 1 (`0 1 0`), need none.
   */
  readonly labelSeparator?: string;
  /** Several labels, a column each, holding 0 or 1 (also false and true): the columns' names are the labels. */
  readonly labelColumns?: readonly string[];
  /** "number" for regression: the label is a number, also where CSV has its text. Default "class". */
  readonly labelType?: "class" | "number";
}

type Label = NonNullable<TextExample["label"]>;

/** Texts or pairs with a label (text-classification): single, multi-label or regression. */
export function textFields(options: TextFieldOptions = {}): FieldMapping<TextExample> {
  const { textColumn = "text", pairColumn, labelSeparator, labelColumns, labelType = "class" } = options;
  const labelColumn = labelColumns ? null : options.labelColumn === undefined ? "label" : options.labelColumn;
  const read = (row: Row, where: DataLocation): TextExample => {
    const example = {
      text: stringAt(row, textColumn, where),
      ...(pairColumn !== undefined && { text_pair: stringAt(row, pairColumn, where) }),
    };
    if (labelColumns) return { ...example, label: labelColumns.filter((column) => flagAt(row, column, where)) };
    if (labelColumn === null) return example;
    const value = valueAt(row, labelColumn, where);
    const fail = (wanted: string): DataError => invalid(labelColumn, value, wanted, where);
    return {
      ...example,
      label: labelType === "number" ? numbersOf(value, fail) : classesOf(value, labelSeparator, fail),
    };
  };
  return {
    required: [textColumn, ...(pairColumn === undefined ? [] : [pairColumn]), ...(labelColumns ?? listed(labelColumn))],
    read,
  };
}

type Fail = (wanted: string) => DataError;

/** What a list in a cell holds; the value itself where it is no list. */
function unpacked(value: unknown, fail: Fail): unknown {
  if (typeof value !== "string") return value;
  const cell = parseCell(value);
  if (cell.kind === "broken") throw fail(`a label, or a list of labels as ["a", "b"]: ${cell.reason}`);
  return cell.kind === "container" ? cell.value : value;
}

function numbersOf(value: unknown, fail: Fail): Label {
  const all = unpacked(value, fail);
  const values = Array.isArray(all) ? all.map(numberOf) : numberOf(all);
  if (values === undefined || (Array.isArray(values) && values.includes(undefined))) throw fail("a number");
  return values as number | number[];
}

/** 0 and 1 for each label, written without brackets. */
const BITS = /^\s*[01](\.0*)?((\s+|\s*[,;|]\s*)[01](\.0*)?)+\s*$/;

function classesOf(value: unknown, separator: string | undefined, fail: Fail): Label {
  const all = unpacked(value, fail);
  if (isRow(all)) return likelihoodsOf(all, fail);
  if (Array.isArray(all)) {
    const classes = all.map((item: unknown) => (typeof item === "boolean" ? Number(item) : classOf(item)));
    if (classes.includes(undefined)) throw fail("a list of labels: names or whole numbers");
    return classes as (string | number)[];
  }
  const label = typeof all === "boolean" ? String(all) : classOf(all);
  if (label === undefined) throw fail("a label: a string or a whole number");
  if (separator !== undefined) {
    const parts = String(label).split(separator);
    return parts.map((part) => withoutFraction(part.trim())).filter((part) => part !== "");
  }
  if (label === "") throw fail("a label");
  if (typeof label === "string" && BITS.test(label)) return label.split(/[\s,;|]+/).map(Number);
  return label;
}

function likelihoodsOf(value: Row, fail: Fail): Label {
  const label = likelihoodsIn(value, (name) => name.trim());
  if (label !== undefined) return label;
  throw fail('a class, or how likely each is as {"name": number}, numbers from 0 to 1 that add up to 1');
}

/** Spaces around a name are none of it. */
function classOf(value: unknown): string | number | undefined {
  if (typeof value === "string") return withoutFraction(value.trim());
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function flagAt(row: Row, field: string, where: DataLocation): boolean {
  const value = valueAt(row, field, where);
  const text = withoutFraction(String(value).trim().toLowerCase());
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw invalid(field, value, "0 or 1", where);
}
