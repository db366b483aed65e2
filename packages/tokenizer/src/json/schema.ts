import { TokenizerError } from "../errors.js";

/** Where a value is not what it has to be. */
interface Fault {
  readonly path: string;
  readonly expected: string;
  readonly value: unknown;
  /** The value is none that this package knows, though it may be right. */
  readonly isUnknown?: boolean;
}

/** Looks at a value and finds at most one fault. */
export type Shape = (value: unknown, depth?: number) => Fault | undefined;

/** Parts within parts: more than any real file has. */
const DEEPEST = 32;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const simple =
  (expected: string, isRight: (value: unknown) => boolean): Shape =>
  (value) =>
    isRight(value) ? undefined : { path: "", expected, value };

const within = (fault: Fault | undefined, key: string): Fault | undefined =>
  fault && { ...fault, path: key + fault.path };

export const text: Shape = simple("a string", (value) => typeof value === "string");
export const flag: Shape = simple("true or false", (value) => typeof value === "boolean");
export const anything: Shape = () => undefined;

/** A whole number. */
export const whole = (least: number, most: number): Shape =>
  simple(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  );

/** One of some texts. */
export const oneOf = (...texts: readonly string[]): Shape =>
  simple(`one of ${texts.join(", ")}`, (value) => texts.includes(value as string));

/** null, or what another shape wants. */
export const optional =
  (shape: Shape): Shape =>
  (value, depth) =>
    value === null ? undefined : shape(value, depth);

/** What one of two shapes wants: the second decides on what it says. */
export const either =
  (first: Shape, second: Shape): Shape =>
  (value, depth) =>
    first(value, depth) && second(value, depth);

export const list =
  (shape: Shape): Shape =>
  (value, depth = 0) => {
    if (!Array.isArray(value)) return { path: "", expected: "a list", value };
    for (let i = 0; i < value.length; i++) {
      const fault = shape(value[i], depth + 1);
      if (fault) return within(fault, `[${i}]`);
    }
    return undefined;
  };

/** A list of as many items as shapes. */
export const tuple =
  (...shapes: readonly Shape[]): Shape =>
  (value, depth = 0) => {
    if (!Array.isArray(value) || value.length !== shapes.length)
      return { path: "", expected: `a list of ${shapes.length}`, value };
    for (let i = 0; i < shapes.length; i++) {
      const fault = shapes[i]!(value[i], depth + 1);
      if (fault) return within(fault, `[${i}]`);
    }
    return undefined;
  };

/** An object of any keys whose values are alike. */
export const record =
  (shape: Shape, key?: RegExp): Shape =>
  (value, depth = 0) => {
    if (!isObject(value)) return { path: "", expected: "an object", value };
    for (const name of Object.keys(value)) {
      if (key && !key.test(name)) return { path: keyPath(name), expected: "a key that is a whole number", value: name };
      const fault = shape(value[name], depth + 1);
      if (fault) return within(fault, keyPath(name));
    }
    return undefined;
  };

/** An object of known keys, of which some may be missing; others are left alone. */
export const fields =
  (required: Readonly<Record<string, Shape>>, others: Readonly<Record<string, Shape>> = {}): Shape =>
  (value, depth = 0) => {
    if (depth > DEEPEST) return { path: "", expected: "less nesting", value: undefined };
    if (!isObject(value)) return { path: "", expected: "an object", value };
    for (const [name, shape] of Object.entries(required)) {
      const fault = shape(Object.hasOwn(value, name) ? value[name] : undefined, depth + 1);
      if (fault) return within(fault, `.${name}`);
    }
    for (const [name, shape] of Object.entries(others)) {
      const fault = Object.hasOwn(value, name) && shape(value[name], depth + 1);
      if (fault) return within(fault, `.${name}`);
    }
    return undefined;
  };

/** An object whose `type` says what else it has. */
export const kinds =
  (what: string, shapes: () => Readonly<Record<string, Shape>>): Shape =>
  (value, depth = 0) => {
    const known = shapes();
    const fault = fields({ type: text })(value, depth);
    if (fault) return fault;
    const { type } = value as { readonly type: string };
    if (Object.hasOwn(known, type)) return known[type]!(value, depth);
    return {
      path: ".type",
      expected: `${what} of BERT's family: ${Object.keys(known).join(", ")}`,
      value: type,
      isUnknown: true,
    };
  };

const keyPath = (name: string): string => (/^[a-z_]\w{0,60}$/i.test(name) ? `.${name}` : `[${quote(name)}]`);

/** A value of a file, at most 200 characters of it, for a message. */
export function quote(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const shown = typeof value === "string" && value.length > 200 ? `${value.slice(0, 200)}...` : value;
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u2028\u2029\ud800-\udfff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Checks what a file holds.
 * @param where names the file, for the message.
 * @throws TokenizerError `invalid-file`, or `unsupported` for parts that this package does not know; `details` has the
 *   file, the field and what was expected.
 */
export function checkShape(value: unknown, shape: Shape, file: string, where: string): void {
  const fault = shape(value);
  if (!fault) return;
  const field = fault.path.replace(/^\./, "");
  const found = fault.value === undefined ? "is missing or too deep" : `is ${quote(fault.value)}`;
  throw new TokenizerError(
    fault.isUnknown ? "unsupported" : "invalid-file",
    `${where}${file}: ${field || "the content"} ${found}; expected ${fault.expected}`,
    { file, field, expected: fault.expected },
  );
}

/**
 * Whether objects and lists are nested more than a hundred times, which nothing of a tokenizer is. Settings that no one
 * knows are kept as they are, and writing them again must not fail.
 */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > 100) return true;
    level = level.flatMap((part) =>
      typeof part === "object" && part !== null
        ? Object.values(part).filter((inner) => typeof inner === "object" && inner !== null)
        : [],
    );
  }
  return false;
}
