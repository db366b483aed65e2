import { type ArrayInput, InputError } from "@convbert/model";
import { floats, integers } from "@convbert/model/internal";
import { type Backend, Tensor } from "@convbert/tensor";

/** Label of what does not count. */
const IGNORED = -100;

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
 * A label for each token that the encoder ran, of labels for a whole padded batch. Throws InputError unless there are
 * `count` of them, all of them of `classes`.
 */
export function tokenLabels(
  argument: string,
  labels: ArrayInput,
  { count, classes }: { readonly count: number; readonly classes: number },
  kept: readonly number[] | null,
): Int32Array {
  const { shape, values } = integers(argument, labels);
  if (values.length !== count) {
    throw new InputError(argument, `expected ${count} labels, one for each position, got shape [${shape.join(", ")}]`);
  }
  checkRange(argument, values, classes);
  return kept === null ? values : Int32Array.from(kept, (token) => values[token]!);
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
