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

/** What a value is, for a message: its kind, and as much of it as helps. */
export function describe(value: unknown): string {
  if (value == null) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return `a string (${JSON.stringify(value.slice(0, 100))})`;
  const kind = typeof value;
  return kind === "object"
    ? "an object"
    : kind === "function" || kind === "symbol"
      ? `a ${kind}`
      : `a ${kind} (${value})`;
}

/** An option that cannot be meant. */
export function invalidOption(name: string, problem: string): TokenizerError {
  return new TokenizerError("invalid-option", `tokenizer option ${name}: ${problem}`, { option: name });
}

/**
 * Checks that options are an object of known names.
 * @throws TokenizerError `invalid-option`.
 */
export function checkNames(options: object, known: object): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new TokenizerError("invalid-option", `tokenizer: options are ${describe(options)}; expected an object`);
  for (const name in options) if (!Object.hasOwn(known, name)) throw invalidOption(name, "there is none of that name");
}
