import type { DataLocation } from "../error.js";

/** A line of JSONL, or a row of CSV with its header's names. */
export type Row = Readonly<Record<string, unknown>>;

/** How a row becomes an example: which columns it takes, and what it makes of them. */
export interface FieldMapping<T extends object> {
  /**
   * Columns that must be there; a CSV file without one is rejected at its header. `answers` may also be there in parts,
   * `answers.text` and `answers.answer_start`.
   */
  readonly required: readonly string[];
  read(row: Row, where: DataLocation): T;
}
