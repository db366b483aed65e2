import { type ArrayInput, floats, InputError, integers } from "@convbert/model";
import { type Backend, Tensor } from "@convbert/tensor";

/**
 * Integer labels as a tensor. Throws InputError unless there is one for each of `count` predictions, in one axis where
 * they are `flat`: the reference flattens those of the other heads.
 */
export function integerLabels(
  backend: Backend,
  argument: string,
  labels: ArrayInput,
  count: number,
  flat = false,
): Tensor<"int32"> {
  const { shape, values } = integers(argument, labels);
  if (values.length !== count || (flat && shape.length !== 1)) {
    throw new InputError(
      argument,
      `expected ${count} labels, one for each prediction, got shape [${shape.join(", ")}]`,
    );
  }
  return Tensor.from(backend, values, [count], "int32");
}

/**
 * A label for each token that the encoder ran, of labels for a whole padded batch. Throws InputError unless there are
 * `count` of them.
 */
export function tokenLabels(
  argument: string,
  labels: ArrayInput,
  count: number,
  kept: readonly number[] | null,
): Int32Array {
  const { shape, values } = integers(argument, labels);
  if (values.length !== count) {
    throw new InputError(argument, `expected ${count} labels, one for each position, got shape [${shape.join(", ")}]`);
  }
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
