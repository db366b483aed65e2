import * as tf from "@tensorflow/tfjs-core";

/** Frees tensors that are not among somebody else's. */
export function release(tensors: readonly tf.Tensor[], others: unknown): void {
  const kept = new Set(tensorsIn(others));
  for (const tensor of tensors) {
    if (!kept.has(tensor) && !tensor.isDisposed) {
      tensor.dispose();
    }
  }
}

/** Every tensor in lists and objects. */
export function tensorsIn(value: unknown): tf.Tensor[] {
  if (value instanceof tf.Tensor) {
    return [value];
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return [];
  }
  // Lists of numbers can be long; their first element tells.
  if (Array.isArray(value) && typeof value[0] === "number") {
    return [];
  }
  return Object.values(value).flatMap(tensorsIn);
}
