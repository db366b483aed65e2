import { DataError, type DataLocation, show } from "../error.js";
import type { Row } from "./mapping.js";

/** Whether a table with these columns has a field: by its name, or in parts (`answers.text`). */
export function hasColumn(names: readonly string[], field: string): boolean {
  return names.includes(field) || names.some((name) => name.startsWith(`${field}.`));
}

/**
 * The value of a field: by its name, of objects within objects by their names with points between (`data.text`), or
 * gathered from columns that are named so (`answers.text`). Throws DataError where there is none.
 */
export function valueAt(row: Row, field: string, where: DataLocation): unknown {
  const value = found(row, field);
  if (value === null) {
    const problem = `${show(field)} is null: fill it in, or leave the row out`;
    throw new DataError("invalid-value", problem, { ...where, field });
  }
  if (value !== undefined) return value;
  const names = Object.keys(row).slice(0, 12).map(show).join(", ");
  throw new DataError("missing-field", `there is no ${show(field)}; the row has ${names || "nothing"}`, {
    ...where,
    field,
  });
}

function found(row: Row, field: string): unknown {
  if (Object.hasOwn(row, field)) return row[field];
  for (let dot = field.indexOf("."); dot > 0; dot = field.indexOf(".", dot + 1)) {
    const outer = Object.hasOwn(row, field.slice(0, dot)) ? row[field.slice(0, dot)] : undefined;
    if (isRow(outer)) return found(outer, field.slice(dot + 1));
  }
  const parts = Object.entries(row).filter(([name]) => name.startsWith(`${field}.`));
  return parts.length === 0
    ? undefined
    : Object.fromEntries(parts.map(([name, value]) => [name.slice(field.length + 1), value]));
}

/** Whether it has named fields. */
export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function stringAt(row: Row, field: string, where: DataLocation): string {
  const value = valueAt(row, field, where);
  if (typeof value === "string") return value;
  throw invalid(field, value, "a string", where);
}

/** A finite number, also where a cell has its text; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? +value : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number that was written with a fraction, as pandas does for columns with gaps: "1.0" is "1". */
export function withoutFraction(text: string): string {
  return /^[-+]?\d+\.0*$/.test(text) ? String(Number(text) || 0) : text;
}

export function invalid(field: string, value: unknown, wanted: string, where: DataLocation): DataError {
  return new DataError("invalid-value", `${field} is ${show(value)}; it must be ${wanted}`, { ...where, field });
}

/** A column that may be left out, for the list of those that are needed. */
export function listed<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}
