import ndarray, { type NdArray } from "ndarray";
import { StridedArray } from "./strided-array.js";

/** Element types that the packages hand out. */
type Elements = Float32Array | Int32Array;

let compiles = true;

/**
 * An `ndarray` over `data`, row-major unless strides are given. The package `ndarray` compiles a class for each number of
 * axes from text, which a page's content security policy forbids unless it has 'unsafe-eval'; there a
 * {@link StridedArray} stands in, which does the same.
 */
export function ndarrayOf<D extends Elements>(
  data: D,
  shape: readonly number[],
  strides?: readonly number[],
  offset?: number,
): NdArray<D> {
  if (compiles) {
    try {
      return ndarray(data, [...shape], strides && [...strides], offset) as unknown as NdArray<D>;
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      compiles = false;
    }
  }
  return new StridedArray(data, shape, strides, offset) as unknown as NdArray<D>;
}
