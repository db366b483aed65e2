import type { Dataset } from "../data/dataset.js";
import { DataError, show } from "../data/error.js";
import type { TextExample, TokenExample } from "../data/examples.js";
import { LIKELIHOOD_TOLERANCE } from "../data/fields/likelihoods.js";
import { locationOf } from "../data/location.js";
import { IGNORED_TAG } from "../data/tags.js";
import { IGNORED_LABEL } from "./batch.js";

/** An error about an example: with its file and line, where a reader of this package made it. */
export function exampleError(example: object, problem: string, field: string): DataError {
  return new DataError("invalid-value", problem, { ...(locationOf(example) ?? { file: "the batch" }), field });
}

export interface LabelSetOptions {
  /** The labels of an example are a list with 0 or 1 for each name, by position. Default false: they are names. */
  readonly multiHot?: boolean;
}

/** Names of classes, and the index of each: `id2label` and `label2id` of a model's configuration. */
export class LabelSet {
  /** By index. */
  readonly names: readonly string[];
  /** Whether examples have 0 or 1 for each of the names, in place of those that they have. */
  readonly multiHot: boolean;
  readonly #index: ReadonlyMap<string, number>;

  constructor(names: readonly string[], { multiHot = false }: LabelSetOptions = {}) {
    this.names = names;
    this.multiHot = multiHot;
    this.#index = new Map(names.map((name, i) => [name, i]));
  }

  get size(): number {
    return this.names.length;
  }

  /** The index of a label, by its name. */
  get(label: string | number): number | undefined {
    return this.#index.get(String(label));
  }

  /** As `get`. Throws DataError, naming where the example stands, for a label that is none of these. */
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
 * the same data gives the same model. Examples without labels add none, nor do words tagged -100.
 *
 * Where every label is a list of 0 and 1, all of one length (multi-hot, `[1, 0, 1]`), the labels are its positions.
 * @throws DataError for labels that mean nothing: a number twice in one list, numbers with a fraction, -100 for a text.
 */
export async function collectLabels(dataset: Dataset<TextExample> | Dataset<TokenExample>): Promise<LabelSet> {
  const found = new Set<string>();
  let width: number | undefined;
  let multiHot = true;
  let doubled: TextExample | undefined;
  for await (const example of dataset as AsyncIterable<TextExample | TokenExample>) {
    if ("words" in example) {
      multiHot = false;
      for (const word of example.tags?.keys() ?? []) for (const [tag] of tagShares(example, word)) found.add(tag);
      continue;
    }
    const { label } = example;
    if (label === undefined) continue;
    const list = isLikelihoods(label) ? Object.keys(label) : isList(label) ? label : [label];
    for (const item of list) found.add(checkedLabel(item, example));
    width ??= list.length;
    multiHot &&= isList(label) && list.length === width && list.every(isBit);
    if (isList(label) && list.some((item, i) => isNumeric(item) && list.indexOf(item) < i)) doubled ??= example;
  }
  if (multiHot && width !== undefined && width > 1) {
    return new LabelSet(
      Array.from({ length: width }, (_, i) => String(i)),
      { multiHot },
    );
  }
  if (doubled) {
    const problem = "has a number twice; give the names or numbers of its labels, or 0 and 1 for each label everywhere";
    throw exampleError(doubled, `the label ${show(doubled.label)} ${problem}`, "label");
  }
  const names = [...found];
  return new LabelSet(names.sort(names.every(isNumeric) ? (a, b) => Number(a) - Number(b) : byCodePoints));
}

/**
 * Each tag of a word with how likely it is, which is 1 for a tag alone; none of a word tagged -100.
 * @throws DataError where the numbers are none from 0 on that add up to 1.
 */
export function tagShares(example: TokenExample, word: number): (readonly [tag: string, share: number])[] {
  const tag = example.tags![word]!;
  if (tag === IGNORED_TAG) return [];
  if (typeof tag === "string") return [[tag, 1]];
  const shares = Object.entries(tag);
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  if (
    Math.abs(sum - 1) <= LIKELIHOOD_TOLERANCE &&
    shares.every(([name, share]) => share >= 0 && name !== IGNORED_TAG)
  ) {
    return shares;
  }
  const problem = "it must be a tag, or how likely each is, numbers from 0 to 1 that add up to 1";
  throw exampleError(example, `the tag of word ${word + 1} is ${show(tag)}; ${problem}`, "tags");
}

/** Whether a label says how likely each class is. */
export function isLikelihoods(label: TextExample["label"]): label is Readonly<Record<string, number>> {
  return typeof label === "object" && !Array.isArray(label);
}

/** Whether a label is a list: `Array.isArray` does not tell lists that cannot be changed. */
function isList(label: NonNullable<TextExample["label"]>): label is readonly (string | number)[] {
  return Array.isArray(label);
}

/** Whether it is 0 or 1, as a number or as the text of a cell. */
export function isBit(item: string | number): boolean {
  return item === 0 || item === 1 || item === "0" || item === "1";
}

function isNumeric(label: string | number): boolean {
  return /^-?(0|[1-9]\d*)$/.test(String(label));
}

function checkedLabel(label: string | number, example: TextExample): string {
  if (label === IGNORED_LABEL || label === IGNORED_TAG) {
    throw exampleError(example, "the label is -100, which says that there is none; leave such texts out", "label");
  }
  if (typeof label === "number" && !Number.isSafeInteger(label)) {
    throw exampleError(example, `the label ${label} is neither a name nor a whole number`, "label");
  }
  return String(label);
}

function byCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
