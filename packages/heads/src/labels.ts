import { type ArrayInput, floats, InputError, integers } from "@convbert/model";
import { type Backend, Tensor } from "@convbert/tensor";

/** Integer labels as a tensor. Throws InputError unless there is one for each of `count` predictions. */
export function integerLabels(backend: Backend, argument: string, labels: ArrayInput, count: number): Tensor<"int32"> {
  const { shape, values } = integers(argument, labels);
  if (values.length !== count) {
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

/** Float labels as a tensor. Throws InputError unless their number is that of the logits. */
export function floatLabels(backend: Backend, argument: string, labels: ArrayInput, count: number): Tensor<"float32"> {
  const { shape, values } = floats(argument, labels);
  if (values.length !== count) {
    throw new InputError(argument, `expected ${count} values, one for each logit, got shape [${shape.join(", ")}]`);
  }
  return Tensor.from(backend, values);
}
