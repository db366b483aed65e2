/**
 * What went wrong:
 * - "unreadable": the file, address or blob could not be read;
 * - "invalid-encoding": bytes that are not text in the encoding named;
 * - "invalid-syntax": not JSON, CSV, XML ... where it should be;
 * - "missing-field": a column, field or element that an example needs is not there;
 * - "invalid-value": it is there, and is not what it should be;
 * - "too-large": a line or record beyond the limit, such as one with an open quote;
 * - "changed": the file is no longer what it was when it was indexed.
 */
export type DataErrorCode =
  | "unreadable"
  | "invalid-encoding"
  | "invalid-syntax"
  | "missing-field"
  | "invalid-value"
  | "too-large"
  | "changed";

/** Where an example came from. */
export interface DataLocation {
  /** The file's path or address, or the name its contents were given with. */
  readonly file: string;
  /** Line on which the record begins, from 1. */
  readonly line?: number | undefined;
}

/** Training data that cannot be used. The message begins with `file:line:`. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly code: DataErrorCode;
  readonly file: string;
  readonly line: number | undefined;
  /** The column, key or element that the error is about. */
  readonly field: string | undefined;

  constructor(
    code: DataErrorCode,
    problem: string,
    where: DataLocation & { readonly field?: string | undefined },
    cause?: unknown,
  ) {
    const location = where.line === undefined ? where.file : `${where.file}:${where.line}`;
    super(`${location}: ${problem}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = where.file;
    this.line = where.line;
    this.field = where.field;
  }
}

/** A value for a message: what it is, never more than a few words of it. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
