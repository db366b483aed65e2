import { PipelineError } from "./errors.js";
import { checkName, shortened } from "./names.js";

/** What an option may be. */
export interface OptionRule {
  /** What it must be, for messages: "a whole number of at least 1". */
  readonly form: string;
  accepts(value: unknown): boolean;
  /** What null means: the default, as `None` in the reference, or a value of its own. Otherwise it is an error. */
  readonly nullMeans?: "default" | "value";
}

/** A rule for each option: a name that has none is unknown. */
export type OptionRules<Options> = { readonly [Name in keyof Options]-?: OptionRule };

export const flag: OptionRule = { form: "true or false", accepts: (value) => typeof value === "boolean" };
export const text: OptionRule = { form: "a string", accepts: (value) => typeof value === "string" };
export const callback: OptionRule = { form: "a function", accepts: (value) => typeof value === "function" };
export const abortSignal: OptionRule = {
  form: "an AbortSignal",
  accepts: (value) => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === "function",
};

/** A whole number of at least `least`. */
export function count(least: number): OptionRule {
  return {
    form: `a whole number of at least ${least}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least,
  };
}

/** One of some values. */
export function choice(...choices: readonly (string | boolean)[]): OptionRule {
  return {
    form: `one of ${choices.join(", ")}`,
    accepts: (value) => (choices as readonly unknown[]).includes(value),
  };
}

/** A list of strings. */
export const texts: OptionRule = {
  form: "a list of strings",
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
};

/** A string or a list of them. */
export const textOrTexts: OptionRule = {
  form: "a string or a list of strings",
  accepts: (value) => text.accepts(value) || texts.accepts(value),
};

/** The same, and null stands for the default, as `None` does in the reference. */
export function orDefault(rule: OptionRule): OptionRule {
  return { ...rule, nullMeans: "default" };
}

/** The same, and null is a value. */
export function orNull(rule: OptionRule): OptionRule {
  return { ...rule, form: `${rule.form}, or null`, nullMeans: "value" };
}

/**
 * The options that were given, checked; those that are not given (undefined, or null where it means that) are left out.
 * @param owner whose options they are, "text-classification".
 * @throws PipelineError "invalid-option" for a name that is unknown, or a value outside of its rule.
 */
export function readOptions<Options>(owner: string, given: unknown, rules: OptionRules<Options>): Options {
  if (given === undefined) return {} as Options;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new PipelineError(
      "invalid-option",
      `the options of ${owner} must be an object, not ${given === null ? "null" : Array.isArray(given) ? "a list" : `a ${typeof given}`}`,
    );
  }
  const names = Object.keys(rules);
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    checkName(owner, "option", name, names);
    const rule = rules[name as keyof Options];
    if (value === undefined || (value === null && rule.nullMeans === "default")) continue;
    if (!(value === null ? rule.nullMeans === "value" : rule.accepts(value))) {
      throw new PipelineError("invalid-option", `${name} is ${shown(value)}; it must be ${rule.form}`, {
        option: name,
        value,
      });
    }
    options[name] = value;
  }
  return options as Options;
}

function shown(value: unknown): string {
  if (typeof value === "string") return shortened(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
