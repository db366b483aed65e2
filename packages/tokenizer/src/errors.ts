/** What went wrong; a stable name to branch on. */
export type TokenizerErrorCode =
  | "invalid-input"
  | "invalid-option"
  | "invalid-file"
  | "missing-file"
  | "missing-token"
  | "missing-unknown-token"
  | "not-available"
  | "ragged"
  | "truncation"
  | "unsupported";

/**
 * Any failure of this package. The message begins with the reference's own words where the reference fails too;
 * `details` holds the values it speaks of.
 */
export class TokenizerError extends Error {
  override readonly name = "TokenizerError";
  declare readonly code: TokenizerErrorCode;
  declare readonly details: Readonly<Record<string, unknown>>;

  constructor(code: TokenizerErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
