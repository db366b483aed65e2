/** Element types of tensors. Packed weights have their own types (see {@link PackedWeights}). */
export type DType = "float32" | "int32";

/** The typed array that holds elements of a dtype. */
export interface DTypeArrays {
  readonly float32: Float32Array;
  readonly int32: Int32Array;
}

export type DataArray = DTypeArrays[DType];

/** Bytes of one element. */
export const ELEMENT_BYTES = 4;

/** Elements of a tensor of this shape; 1 for a scalar (`[]`). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Row-major strides in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}
