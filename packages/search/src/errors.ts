/**
 * What is wrong:
 * - "invalid-vector": another number of components than the index has, or one that is no finite number;
 * - "invalid-option": an option out of its range;
 * - "format": a file that is no index;
 * - "disposed": the index's memory was given back.
 */
export type SearchErrorCode = "invalid-vector" | "invalid-option" | "format" | "disposed";

/** The one error of this package; `details` has the values that it is about. */
export class SearchError extends Error {
  override readonly name = "SearchError";
  readonly code: SearchErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: SearchErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.details = details;
  }
}
