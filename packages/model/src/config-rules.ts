import { ACTIVATION_NAMES } from "@convbert/tensor";

/** What a field of config.json may be. */
export interface ConfigRule<Value> {
  /** For messages, as "an integer from 1 to 16777216". */
  readonly expected: string;
  /** The same as a JSON schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  holds(value: unknown): value is Value;
}

/** Bounds that keep a hostile file from asking for absurd amounts of memory or time. */
const LARGEST = 2 ** 24;
/** Of layers, and of groups. */
export const MOST_BLOCKS = 4096;

export const integer = (least: number, most = LARGEST): ConfigRule<number> => ({
  expected: `an integer from ${least} to ${most}`,
  schema: { type: "integer", minimum: least, maximum: most },
  holds: (value): value is number => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});

const number = (expected: string, least: number, most: number): ConfigRule<number> => ({
  expected,
  schema: { type: "number", minimum: least, maximum: most },
  holds: (value): value is number => typeof value === "number" && value >= least && value <= most,
});

export const oneOf = <Name extends string>(values: readonly Name[]): ConfigRule<Name> => ({
  expected: `one of ${values.join(", ")}`,
  schema: { enum: values },
  holds: (value): value is Name => typeof value === "string" && (values as readonly string[]).includes(value),
});

export const orNull = <Value>({ expected, schema, holds }: ConfigRule<Value>): ConfigRule<Value | null> => ({
  expected: `${expected}, or null`,
  schema: { anyOf: [schema, { type: "null" }] },
  holds: (value): value is Value | null => value === null || holds(value),
});

/** What is inside is checked where it is read. */
export const object = <Value extends object>(): ConfigRule<Value> => ({
  expected: "an object",
  schema: { type: "object" },
  holds: (value): value is Value => typeof value === "object" && value !== null && !Array.isArray(value),
});

export const count = integer(1);
export const probability = number("a probability", 0, 1);
export const size = number("a number of at least 0", 0, Number.MAX_VALUE);
export const tokenId = orNull(integer(-LARGEST));
export const activation = oneOf(ACTIVATION_NAMES);
export const flag: ConfigRule<boolean> = {
  expected: "true or false",
  schema: { type: "boolean" },
  holds: (value): value is boolean => typeof value === "boolean",
};
export const names: ConfigRule<readonly string[]> = {
  expected: "a list of class names",
  schema: { type: "array", items: { type: "string" } },
  holds: (value): value is readonly string[] => Array.isArray(value) && value.every((name) => typeof name === "string"),
};
