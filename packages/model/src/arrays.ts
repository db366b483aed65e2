import { InputError } from "@convbert/nn";
import type { NdArray } from "ndarray";

/** Nested lists of numbers, one level an axis. */
export type NestedNumbers = readonly (number | bigint | boolean)[] | readonly NestedNumbers[];

/** Elements in row-major order with their shape, as the tokenizer returns them. */
export interface ShapedData {
  readonly data: ArrayLike<number | bigint>;
  readonly shape: readonly number[];
}

/** Every form in which arguments are taken: nested lists, `{ data, shape }` or an ndarray. */
export type ArrayInput = NestedNumbers | ShapedData | NdArray;

/** An argument in row-major order. */
export interface HostArray<Values = Int32Array | Float32Array> {
  readonly shape: readonly number[];
  readonly values: Values;
}

/** Integers of 32 bits. Throws InputError for other numbers, ragged lists or a shape that does not fit the data. */
export function integers(argument: string, input: ArrayInput): HostArray<Int32Array> {
  const { shape, values } = rowMajor(argument, input);
  const result = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = asNumber(values[i]);
    if ((value | 0) !== value) {
      throw new InputError(argument, `expected integers of 32 bits, got ${String(values[i])} at element ${i}`);
    }
    result[i] = value;
  }
  return { shape, values: result };
}

/**
 * Float32 numbers. Throws InputError for what is no finite number (NaN, infinities, beyond float32's range), ragged lists
 * or a shape that does not fit: one such element would spread over its whole sequence.
 */
export function floats(argument: string, input: ArrayInput): HostArray<Float32Array> {
  const { shape, values } = rowMajor(argument, input);
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    result[i] = asNumber(values[i]);
    if (!Number.isFinite(result[i])) {
      throw new InputError(argument, `expected finite float32 numbers, got ${String(values[i])} at element ${i}`);
    }
  }
  return { shape, values: result };
}

/** NaN for what is no number, where `Number` would make 0 of null and of an empty text. */
function asNumber(value: unknown): number {
  switch (typeof value) {
    case "number":
      return value;
    case "bigint":
    case "boolean":
      return Number(value);
    default:
      return Number.NaN;
  }
}

/** Whether the elements are whole numbers by their type: integer arrays and lists without fractions. */
export function isIntegral(input: ArrayInput): boolean {
  const data = isList(input) ? undefined : input.data;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return false;
  }
  if (ArrayBuffer.isView(data)) {
    return true;
  }
  const { values } = rowMajor("labels", input);
  return Array.prototype.every.call(values, (value) => typeof value === "bigint" || Number.isInteger(Number(value)));
}

function isList(input: ArrayInput): input is NestedNumbers {
  return Array.isArray(input);
}

function isShaped(input: Exclude<ArrayInput, NestedNumbers> | null | undefined): boolean {
  return Array.isArray(input?.shape) && typeof input.data === "object" && input.data !== null;
}

function rowMajor(
  argument: string,
  input: ArrayInput,
): { shape: number[]; values: ArrayLike<number | bigint | boolean> } {
  if (isList(input)) {
    const shape: number[] = [];
    for (let level: unknown = input; Array.isArray(level); level = level[0]) {
      shape.push(level.length);
    }
    const values: (number | bigint | boolean)[] = [];
    flatten(argument, input, shape, 0, values);
    return { shape, values };
  }
  if (!isShaped(input)) {
    throw new InputError(argument, "expected nested lists of numbers, { data, shape } or an ndarray");
  }
  const shape = [...input.shape];
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new InputError(argument, `[${shape.join(", ")}] is no shape; extents are counts`);
  }
  const size = shape.reduce((product, extent) => product * extent, 1);
  if ("stride" in input) {
    return { shape, values: strided(input, shape, size) };
  }
  if (input.data.length !== size) {
    throw new InputError(argument, `shape [${shape.join(", ")}] has ${size} elements, the data ${input.data.length}`);
  }
  return { shape, values: input.data };
}

function flatten(
  argument: string,
  list: NestedNumbers,
  shape: readonly number[],
  axis: number,
  values: (number | bigint | boolean)[],
): void {
  if (list.length !== shape[axis]) {
    throw new InputError(
      argument,
      `lists of different lengths (${shape[axis]} and ${list.length}) on axis ${axis}; pad them to one length`,
    );
  }
  for (const item of list) {
    const nested = Array.isArray(item);
    if (nested !== axis + 1 < shape.length) {
      throw new InputError(argument, "lists and numbers are mixed on one level");
    }
    if (nested) {
      flatten(argument, item as NestedNumbers, shape, axis + 1, values);
    } else {
      values.push(item as number);
    }
  }
}

/** Elements of an ndarray in row-major order, whatever its strides; without a copy where it is row-major already. */
function strided(array: NdArray, shape: readonly number[], size: number): ArrayLike<number> {
  const data = array.data as ArrayLike<number>;
  const { stride, offset } = array;
  let step = 1;
  let contiguous = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    contiguous &&= shape[axis] === 1 || stride[axis] === step;
    step *= shape[axis]!;
  }
  if (contiguous && ArrayBuffer.isView(data)) {
    return (data as unknown as Float32Array).subarray(offset, offset + size);
  }
  const values = new Array<number>(size);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < size; i++) {
    values[i] = data[index.reduce((at, n, axis) => at + n * stride[axis]!, offset)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return values;
}
