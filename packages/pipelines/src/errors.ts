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

/** Checks that a value is one of the choices of an option. */
export function oneOf<T extends string>(option: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new PipelineError(
    "invalid-option",
    `${option} is ${JSON.stringify(value)}; choose one of ${choices.join(", ")}`,
    { option, value, choices },
  );
}

/** Checks a whole number of at least `least`. */
export function atLeast(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new PipelineError("invalid-option", `${option} is ${String(value)}; give a whole number of at least ${least}`, {
    option,
    value,
    least,
  });
}

/** Checks that a value is a string. */
export function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  const got = value === null ? "null" : Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
  throw new PipelineError("invalid-input", `${name} must be a string, not ${got}`, { name });
}
