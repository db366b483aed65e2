import type { Dataset } from "../data/dataset.js";
import { DataError, show } from "../data/error.js";
import type { TextExample, TokenExample } from "../data/examples.js";
import { locationOf } from "../data/location.js";

/** An error about an example: with its file and line, where a reader of this package made it. */
export function exampleError(example: object, problem: string, field: string): DataError {
  return new DataError("invalid-value", problem, { ...(locationOf(example) ?? { file: "the batch" }), field });
}

/** Names of classes, and the index of each: `id2label` and `label2id` of a model's configuration. */
export class LabelSet {
  /** By index. */
  readonly names: readonly string[];
  readonly #index: ReadonlyMap<string, number>;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#index = new Map(names.map((name, i) => [name, i]));
  }

  get size(): number {
    return this.names.length;
  }

  /** The index of a label, by its name. */
  get(label: string | number): number | undefined {
    return this.#index.get(String(label));
  }

  /** As `get`. Throws DataError, naming the example's place, for a label that is none of these. */
  indexOf(label: string | number, example: object, field = "label"): number {
    const index = this.get(label);
    if (index !== undefined) return index;
    const known = this.names.slice(0, 8).map(show).join(", ");
    const more = this.size > 8 ? `, and ${this.size - 8} more` : "";
    throw exampleError(example, `the label ${show(label)} is none of ${known}${more}`, field);
  }
}

/**
 * All labels of a data set in a fixed order: numbers by their size, names by code points as Python sorts them, so that
 * the same data gives the same model. Examples without labels add none.
 */
export async function collectLabels(dataset: Dataset<TextExample> | Dataset<TokenExample>): Promise<LabelSet> {
  const found = new Set<string>();
  for await (const example of dataset as AsyncIterable<TextExample | TokenExample>) {
    if ("words" in example) {
      for (const tag of example.tags ?? []) found.add(tag);
    } else if (Array.isArray(example.label)) {
      for (const label of example.label) found.add(String(label));
    } else if (example.label !== undefined) {
      found.add(String(example.label));
    }
  }
  const names = [...found];
  const numeric = names.every((name) => /^-?(0|[1-9]\d*)$/.test(name));
  return new LabelSet(names.sort(numeric ? (a, b) => Number(a) - Number(b) : byCodePoints));
}

function byCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
