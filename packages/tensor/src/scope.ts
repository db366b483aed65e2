import { register, scopes, type TidyScope, unregister } from "./scope-stack.js";
import type { Tensor } from "./tensor.js";

/** Values that {@link tidy} can return: tensors inside plain arrays and objects are found and survive. */
function survivors(value: unknown, found: Set<unknown>): void {
  if (typeof value !== "object" || value === null || found.has(value)) {
    return;
  }
  found.add(value);
  if ("matrix" in value || ArrayBuffer.isView(value)) {
    return;
  }
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    survivors(item, found);
  }
}

/**
 * Runs `work` and frees every tensor that it made, except those it returns (alone, or in arrays and plain objects),
 * which then belong to the surrounding scope, if any. When `work` throws, everything it made is freed.
 * `work` must not be asynchronous.
 */
export function tidy<Result>(work: () => Result): Result {
  const scope: TidyScope = new Set();
  const returned = new Set<unknown>();
  scopes.push(scope);
  try {
    const result = work();
    if (result instanceof Promise) {
      throw new TypeError("tidy: the work must be synchronous, it returned a promise");
    }
    survivors(result, returned);
    return result;
  } finally {
    scopes.pop();
    for (const tensor of scope) {
      if (returned.has(tensor)) {
        register(tensor);
      } else {
        tensor.dispose();
      }
    }
  }
}

/** Takes a tensor out of all running scopes: it lives until it is disposed. */
export function keep<T extends Tensor>(tensor: T): T {
  unregister(tensor);
  return tensor;
}
