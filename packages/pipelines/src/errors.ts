/**
 * What went wrong:
 * - "invalid-input": a text, pair, question ... that is not of the form the task takes;
 * - "invalid-option": an option outside its range, or one that this model or task does not have;
 * - "too-long": more tokens than the model has positions for;
 * - "no-mask": fill-mask was given a text without the mask token;
 * - "wrong-model": the model or its tokenizer lacks what the task needs.
 */
export type PipelineErrorCode = "invalid-input" | "invalid-option" | "too-long" | "no-mask" | "wrong-model";

/** The one error of this package. `index` says which input of a list it is about; `details` holds the values it names. */
export class PipelineError extends Error {
  override readonly name = "PipelineError";
  readonly code: PipelineErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly index: number | undefined;

  constructor(
    code: PipelineErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    context: { readonly index?: number; readonly cause?: unknown } = {},
  ) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.details = details;
    this.index = context.index;
  }
}

/** Checks that a value is a string. */
export function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  const hint =
    Array.isArray(value) && value.every((word) => typeof word === "string")
      ? "; for words set is_split_into_words"
      : "";
  throw new PipelineError("invalid-input", `${name} must be a string, not ${kindOf(value)}${hint}`, { name });
}

/** Checks that a value is a list of words. */
export function wordsOf(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    throw new PipelineError("invalid-input", `${name} must be a list of words, not ${kindOf(value)}`, { name });
  }
  return value.map((word, i) => textOf(`word ${i} of ${name}`, word));
}

/** Checks that an input has the form of a record. */
export function recordOf(value: unknown, form: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new PipelineError("invalid-input", `${form}; got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a value of type ${typeof value}`;
}
