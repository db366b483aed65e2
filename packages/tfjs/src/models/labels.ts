import { InputError } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { floatTensor, type TensorInput } from "../inputs.js";

/** Labels beside the inputs: one, a list, or an object by the labels' names. */
export type LabelInput =
  | TensorInput
  | readonly TensorInput[]
  | Readonly<Record<string, TensorInput>>
  | null
  | undefined;

/** Labels of `y` by the names of the model's arguments. Throws InputError for a list of another length. */
export function namedLabels(y: LabelInput, names: readonly string[]): Record<string, unknown> {
  if (y == null) {
    return {};
  }
  const isOne = y instanceof tf.Tensor || "shape" in y;
  const isList = Array.isArray(y) && y.length > 0 && typeof y[0] === "object" && !isRow(y[0]);
  if (isOne || (Array.isArray(y) && !isList && names.length === 1)) {
    return { [names[0]!]: y };
  }
  if (!Array.isArray(y)) {
    return y as Record<string, unknown>;
  }
  if (y.length !== names.length) {
    throw new InputError(names.join(", "), `expected ${names.length} in a list, got ${y.length}`);
  }
  return Object.fromEntries(names.map((name, index) => [name, y[index]]));
}

/**
 * What a loss that is not the model's own compares the outputs with.
 * @param namings names of the outputs, and others that stand for them, of which an object has those of one.
 * @throws InputError for an object with other names.
 */
export function targetTensors(y: NonNullable<LabelInput>, namings: readonly (readonly string[])[]): tf.Tensor[] {
  const one = (value: TensorInput) => (value instanceof tf.Tensor ? value : floatTensor("y", value));
  if (y instanceof tf.Tensor || "shape" in y) {
    return [one(y as TensorInput)];
  }
  if (!Array.isArray(y)) {
    const byName = y as Readonly<Record<string, TensorInput>>;
    const names = namings.find((all) => all.every((name) => byName[name] != null));
    if (names === undefined) {
      throw new InputError("y", `expected ${namings[0]!.join(", ")}, got ${Object.keys(byName).join(", ")}`);
    }
    return names.map((name) => one(byName[name]!));
  }
  return y.some((value) => value instanceof tf.Tensor) ? (y as TensorInput[]).map(one) : [one(y as TensorInput)];
}

/** Whether it is numbers, as opposed to a tensor or an object. */
function isRow(value: unknown): boolean {
  return Array.isArray(value);
}
