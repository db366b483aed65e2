import { type ArrayInput, InputError, type Unpadded } from "@convbert/model";
import { floats, integers, isIntegral } from "@convbert/model/internal";
import { type Backend, Tensor } from "@convbert/tensor";

/** Label of what does not count. */
export const IGNORED = -100;

/** Throws InputError for a label that is none of `classes`. */
function checkRange(argument: string, values: Int32Array, classes: number): Int32Array {
  const at = values.findIndex((value) => value !== IGNORED && (value < 0 || value >= classes));
  if (at >= 0) {
    const range = `0 to ${classes - 1}, the classes that there are`;
    throw new InputError(argument, `label ${values[at]} is outside ${range} (number ${at}); ${IGNORED} is ignored`);
  }
  return values;
}

/**
 * Integer labels as a tensor. Throws InputError unless there is one of `classes` for each of `count` predictions, in one
 * axis where they are `flat`: the reference flattens those of the other heads.
 */
export function integerLabels(
  backend: Backend,
  argument: string,
  labels: ArrayInput,
  { count, classes, flat = false }: { readonly count: number; readonly classes: number; readonly flat?: boolean },
): Tensor<"int32"> {
  const { shape, values } = integers(argument, labels);
  if (values.length !== count || (flat && shape.length !== 1)) {
    throw new InputError(
      argument,
      `expected ${count} labels, one for each prediction, got shape [${shape.join(", ")}]`,
    );
  }
  return Tensor.from(backend, checkRange(argument, values, classes), [count], "int32");
}

/**
 * A label for each token that the encoder ran. Throws InputError unless there are `count` of them, all of them of `classes`.
 */
export function tokenLabels(
  argument: string,
  labels: ArrayInput,
  { count, classes }: { readonly count: number; readonly classes: number },
): Int32Array {
  const { shape, values } = integers(argument, labels);
  if (values.length !== count) {
    throw new InputError(argument, `expected ${count} labels, one for each token, got shape [${shape.join(", ")}]`);
  }
  return checkRange(argument, values, classes);
}

/** The labels of what is left of a padded batch, out of those of all of its positions. Throws InputError for others. */
export function labelsKept(
  labels: ArrayInput | null | undefined,
  { kept, length, batch: { offsets } }: Unpadded,
): { readonly labels?: Int32Array } {
  if (labels == null) return {};
  const { shape, values } = integers("labels", labels);
  const count = (offsets.length - 1) * length;
  if (values.length !== count) {
    const wanted = `expected ${count} labels, one for each position`;
    throw new InputError("labels", `${wanted}, got shape [${shape.join(", ")}]`);
  }
  return { labels: Int32Array.from(kept, (token) => values[token]!) };
}

/** Labels for each of a batch's tokens in either form: `[batch, length]` of a padded one, a list of one without padding. */
export function flatLabels(labels: ArrayInput | ArrayLike<number> | null | undefined): ArrayInput | null {
  if (labels == null) return null;
  return "shape" in labels || Array.isArray(labels)
    ? (labels as ArrayInput)
    : { data: labels as ArrayLike<number>, shape: [(labels as ArrayLike<number>).length] };
}

/** The labels of one sequence's tokens. */
export function tokenLabelsAt(
  {
    labels,
    offsets,
  }: {
    readonly labels?: ArrayInput | ArrayLike<number> | null | undefined;
    readonly offsets: ArrayLike<number>;
  },
  sequence: number,
): Int32Array {
  const { values } = integers("labels", flatLabels(labels)!);
  if (values.length !== offsets[offsets.length - 1]) {
    throw new InputError("labels", `expected one for each token, got ${values.length}`);
  }
  return values.subarray(offsets[sequence], offsets[sequence + 1]);
}

/** One sequence's labels, `[1]` or `[1, labels]`, out of those of all. Throws InputError where there are not as many. */
export function labelsAt(labels: ArrayInput, sequence: number, sequences: number): ArrayInput {
  const { shape, values } = isIntegral(labels) ? integers("labels", labels) : floats("labels", labels);
  if (shape[0] !== sequences) {
    throw new InputError("labels", `expected those of ${sequences} sequences, got shape [${shape.join(", ")}]`);
  }
  const size = values.length / sequences;
  return { data: values.subarray(sequence * size, (sequence + 1) * size), shape: [1, ...shape.slice(1)] };
}

/**
 * Float labels as a tensor. Throws InputError unless they have the shape of the logits, `expected`; with `squeezed`
 * axes of one element do not count.
 */
export function floatLabels(
  backend: Backend,
  argument: string,
  labels: ArrayInput,
  expected: readonly number[],
  squeezed = false,
): Tensor<"float32"> {
  const { shape, values } = floats(argument, labels);
  const axes = (all: readonly number[]) => (squeezed ? all.filter((extent) => extent !== 1) : all).join(", ");
  if (axes(shape) !== axes(expected)) {
    const wanted = `[${expected.join(", ")}], a value for each logit`;
    throw new InputError(argument, `expected shape ${wanted}, got [${shape.join(", ")}]`);
  }
  return Tensor.from(backend, values);
}

/**
 * How likely each class is for each text, as a tensor. Throws InputError unless there is a number from 0 on for each logit, and
 * those of a text add up to 1.
 */
export function likelihoods(
  backend: Backend,
  argument: string,
  labels: ArrayInput,
  expected: readonly number[],
): Tensor<"float32"> {
  const { values } = floats(argument, labels);
  const checked = checkedLikelihoods(argument, values, { classes: expected.at(-1)!, what: "text" });
  return Tensor.from(backend, checked, [...expected]);
}

/**
 * Throws InputError for a number below 0, and for a row that does not add up to 1; with `zeros` rows may be all 0.
 * @param what a row is of.
 */
export function checkedLikelihoods(
  argument: string,
  values: Float32Array,
  { classes, what, zeros = false }: { readonly classes: number; readonly what: string; readonly zeros?: boolean },
): Float32Array {
  const sums = new Float64Array(values.length / classes);
  for (const [i, value] of values.entries()) {
    if (!(value >= 0)) throw new InputError(argument, `number ${i} is ${value}; a class's likelihood is from 0 to 1`);
    sums[Math.floor(i / classes)]! += value;
  }
  const odd = sums.findIndex((sum) => Math.abs(sum - 1) > 0.02 && !(zeros && sum === 0));
  if (odd >= 0) throw new InputError(argument, `the likelihoods of ${what} ${odd} add up to ${sums[odd]}, not to 1`);
  return values;
}
