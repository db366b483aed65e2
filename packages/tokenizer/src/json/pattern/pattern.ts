import type { CodeSet } from "./sets.js";

/** What is asked of a position in the text, without taking any of it. */
export type Assertion =
  | "line-start"
  | "line-end"
  | "text-start"
  | "text-end"
  | "last-line-end"
  | "boundary"
  | "no-boundary";

/** A regular expression, read. */
export type Pattern =
  | { readonly kind: "set"; readonly set: CodeSet }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly parts: readonly Pattern[] }
  | {
      readonly kind: "repeat";
      readonly part: Pattern;
      readonly min: number;
      readonly max: number;
      readonly greedy: boolean;
    }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "look"; readonly part: Pattern; readonly ahead: boolean; readonly negative: boolean };
