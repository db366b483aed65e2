import { SearchError } from "./errors.js";

/** A vector: numbers, or an array as the pipelines give it. */
export type VectorLike = ArrayLike<number> | { readonly data: ArrayLike<number>; readonly shape: readonly number[] };

/** The numbers of a vector of `size`. Throws SearchError for another number of them and what is no finite number. */
export function vectorOf(vector: VectorLike, size: number): Float32Array {
  const values = vector !== null && typeof vector === "object" && "data" in vector ? vector.data : vector;
  const { length } = (values ?? []) as ArrayLike<number>;
  if (length !== size) {
    const found = typeof length === "number" ? `${length} numbers` : "no numbers";
    throw new SearchError("invalid-vector", `the vector has ${found}; this index takes ${size}`, { length, size });
  }
  const numbers = Float32Array.from(values as ArrayLike<number>);
  const wrong = numbers.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new SearchError("invalid-vector", `component ${wrong} is ${numbers[wrong]}; it must be a finite number`, {
      component: wrong,
    });
  }
  return numbers;
}

/** Dot product in double precision. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
